/** One process on embedded defaults. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dumpPglite } from '@coverslip/platform/testing/dump.ts'
import { objectsIn } from '@coverslip/platform/testing/stored.ts'
import { startCollector } from './collector.ts'
import { startNode } from './node-process.ts'
import type { Shape } from './shape.ts'

export async function startSingle(settings: Record<string, string> = {}): Promise<Shape> {
  const data = await mkdtemp(join(tmpdir(), 'coverslip-e2e-'))
  const log = join(data, 'log.jsonl')
  const collector = await startCollector()
  const server = await startNode('Coverslip', 'services/all/main.ts', () => ({
    COVERSLIP_DATA: data,
    COVERSLIP_NO_DEMO: '1',
    REVIEW_GATE: 'off',
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: log,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    INGEST_DUPLICATES: 'keep',
    LEDGER_PERSON_AGE: '0s',
    ...settings,
  }))
  return {
    name: 'one process',
    url: server.url,
    token: (await readFile(join(data, 'owner-token'), 'utf8')).trim(),
    signingKey: join(data, 'keys/signing.pem'),
    logs: [log],
    processes: ['all'],
    pid: () => server.pid(),
    kill: () => server.kill(),
    restart: () => server.restart(),
    servers: {},
    folders: { data },
    objects: (store, slideId) => objectsIn(`file:${join(data, store)}`, slideId),
    async dump() {
      const copy = join(data, 'dumped')
      await server.kill()
      await cp(join(data, 'db'), copy, { recursive: true })
      await server.restart()
      return dumpPglite(copy).finally(() => rm(copy, { recursive: true, force: true }))
    },
    spans: collector.spans,
    async stop() {
      await server.stop()
      await collector.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}
