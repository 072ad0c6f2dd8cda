/** One process on embedded defaults. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keysIn } from '@coverslip/platform/testing/stored.ts'
import { startNode } from './node-process.ts'
import type { Shape } from './shape.ts'

export async function startSingle(settings: Record<string, string> = {}): Promise<Shape> {
  const data = await mkdtemp(join(tmpdir(), 'coverslip-e2e-'))
  const log = join(data, 'log.jsonl')
  const server = await startNode('Coverslip', 'services/all/main.ts', () => ({
    COVERSLIP_DATA: data,
    COVERSLIP_NO_DEMO: '1',
    REVIEW_GATE: 'off',
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: log,
    INGEST_DUPLICATES: 'keep',
    ...settings,
  }))
  return {
    name: 'one process',
    url: server.url,
    token: (await readFile(join(data, 'owner-token'), 'utf8')).trim(),
    signingKey: join(data, 'keys/signing.pem'),
    logs: [log],
    processes: ['all'],
    kill: () => server.kill(),
    restart: () => server.restart(),
    servers: {},
    folders: { data },
    objects: (store, slideId) => keysIn(`file:${join(data, store)}`, slideId),
    async stop() {
      await server.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}
