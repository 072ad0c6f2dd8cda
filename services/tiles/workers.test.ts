/** Several processes of the service behind one port: real ones, over a real database. */

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { requireProgram, startServer, type TestServer } from '@coverslip/platform/testing/process.ts'
import { startPostgres } from '@coverslip/platform/testing/servers.ts'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const MAIN = new URL('main.ts', import.meta.url).pathname
const WORKERS = 2
let data: string
let postgres: TestServer
let tiles: TestServer
let metricsUrl = ''

const settings = (port: number) => ({
  COVERSLIP_DATA: data,
  DATABASE_URL: postgres.url,
  PORT: String(port),
  METRICS_PORT: '',
  LOG_FILE: join(data, 'log.jsonl'),
  TILES_WORKERS: String(WORKERS),
})

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-workers-'))
  postgres = await startPostgres()
  tiles = await startServer({
    title: 'tiles in two processes',
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({ file: process.execPath, args: [MAIN], env: settings(port) }),
    async probe(port) {
      metricsUrl = `http://127.0.0.1:${port + 1}`
      if (!(await fetch(`${metricsUrl}/readyz`)).ok) throw new Error('not ready')
    },
    signal: 'SIGTERM',
  })
})
afterAll(async () => {
  await tiles?.stop()
  await postgres?.stop()
  await rm(data, { recursive: true, force: true })
})

const run = promisify(execFile)
/** The processes below that of the service. */
async function workersOf(pid: number): Promise<number[]> {
  const { stdout } = await run(requireProgram('ps', 'procps'), ['--ppid', String(pid), '-o', 'pid='])
  return stdout.trim().split(/\s+/).map(Number)
}

/** Many connections, so that every worker gets some. */
async function ask(): Promise<number[]> {
  const token = await mintToken(join(data, 'keys/signing.pem'))
  const path = '/tiles/0c9b0f5e-6d5c-4c43-9a2b-9d5d4b6f7a11.dzi'
  const headers = { authorization: `Bearer ${token}`, connection: 'close' }
  const answers = await Promise.all(Array.from({ length: 12 }, () => fetch(`${tiles.url}${path}`, { headers })))
  return answers.map(({ status }) => status)
}

test('the workers share the port, and one scrape tells of each', async () => {
  expect(await ask()).toEqual(Array(12).fill(404))
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text()
  for (let worker = 1; worker <= WORKERS; worker += 1) {
    expect(metrics).toMatch(new RegExp(`coverslip_http_seconds_count\\{worker="${worker}",.*"404"\\} [1-9]`))
  }
  expect(metrics.match(/# TYPE coverslip_http_seconds /g)).toHaveLength(1)
})

test('another worker is started for one that died', async () => {
  const [first, second] = (await workersOf(tiles.pid())) as [number, number]
  process.kill(first, 'SIGKILL')
  const now = await vi.waitFor(async () => {
    const found = await workersOf(tiles.pid())
    expect(found).toHaveLength(WORKERS)
    expect(found).not.toContain(first)
    expect((await fetch(`${metricsUrl}/readyz`)).status).toBe(200)
    return found
  }, 40_000)
  expect(now).toContain(second)
  expect(await ask()).toEqual(Array(12).fill(404))
})

test('whoever a dying worker was to answer is told so: nobody waits for ever', async () => {
  const [first] = (await workersOf(tiles.pid())) as [number]
  // It takes connections, and answers none.
  process.kill(first, 'SIGSTOP')
  const asked = Array.from({ length: 12 }, () =>
    fetch(`${tiles.url}/tiles/0c9b0f5e-6d5c-4c43-9a2b-9d5d4b6f7a11.dzi`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(20_000),
    }).then(
      ({ status }) => status,
      (error: Error) => (error.cause as { code?: string } | undefined)?.code ?? error.name,
    ),
  )
  await sleep(500)
  process.kill(first, 'SIGKILL')
  const outcomes = new Set(await Promise.all(asked))
  expect([...outcomes].filter(outcome => ![401, 'ECONNRESET', 'UND_ERR_SOCKET'].includes(outcome))).toEqual([])
  expect(outcomes).toContain(401)
  await vi.waitFor(async () => expect((await fetch(`${metricsUrl}/readyz`)).status).toBe(200), 40_000)
})

test('a stop ends them all in good order', async () => {
  const workers = await workersOf(tiles.pid())
  await tiles.stop()
  for (const worker of workers) expect(() => process.kill(worker, 0)).toThrow('ESRCH')
})

test('the embedded database is refused, in words', async () => {
  const env = { ...process.env, ...settings(0), DATABASE_URL: `pglite:${join(data, 'db')}` }
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const code = await new Promise(resolve => child.once('exit', resolve))
  expect([code, output]).toEqual([
    1,
    expect.stringContaining('TILES_WORKERS: several processes need a database server'),
  ])
})
