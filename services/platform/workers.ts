/**
 * Several processes of one service that share its ports: for a service whose work keeps a core busy (tiles). The first
 * process only watches over the others: it starts them, starts another when one dies, passes a stop on, and answers
 * /metrics and /readyz for all of them.
 */
import cluster, { type Worker } from 'node:cluster'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, readConfig } from './config.ts'
import { freePort } from './doors.ts'
import { ServiceError } from './errors.ts'
import { settingsOf } from './house.ts'
import { sendProblem } from './http/problem.ts'
import { listen } from './http.ts'
import { mergeMetrics } from './merged-metrics.ts'
import type { Module } from './module.ts'
import { run } from './run.ts'
import type { PlatformConfig } from './settings.ts'

/** What a worker tells once it serves. */
interface Ready {
  metricsUrl: string
}

const RESTART_MS = 1000
const SCRAPE_MS = 5000

/**
 * As `run`, in as many processes as the module's setting `name` says; with 1 it is `run` itself. Wrong configuration ends
 * the process with code 1, as does a worker that cannot start.
 */
export async function runWorkers(module: Module, name: string, environment: NodeJS.ProcessEnv): Promise<void> {
  if (cluster.isWorker) {
    const { metricsUrl } = await run([module])
    process.send!({ metricsUrl } satisfies Ready)
    return
  }
  const { count, platform } = readCount(module, name, environment)
  if (count === 1) return void (await run([module]))
  await superviseWorkers(count, platform)
}

function readCount(
  module: Module,
  name: string,
  environment: NodeJS.ProcessEnv,
): { count: number; platform: PlatformConfig } {
  try {
    const config = readConfig(settingsOf([module]), environment) as Record<string, Record<string, unknown>>
    const platform = config.platform as unknown as PlatformConfig
    const count = config[module.name]![name] as number
    // One process at a time may open the embedded database; a second would be refused only after its start.
    if (count > 1 && platform.DATABASE_URL.startsWith('pglite:')) {
      throw new ConfigError([`${name}: several processes need a database server: set DATABASE_URL to postgres://…`])
    }
    return { count, platform }
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

async function superviseWorkers(count: number, platform: PlatformConfig): Promise<void> {
  const serving = new Map<number, Ready & { worker: Worker }>()
  let stopping = false

  /** Resolves when the worker serves; one that ends before is not to be helped by another start. */
  function start(number: number, port: number): Promise<void> {
    // Each empties its own folder of temporary files.
    const SCRATCH_DIR = join(platform.SCRATCH_DIR, `worker-${number}`)
    const worker = cluster.fork({ PORT: String(port), SCRATCH_DIR, METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' })
    return new Promise((resolve, reject) => {
      worker.on('message', (message: Ready) => {
        serving.set(number, { ...message, worker })
        resolve()
      })
      worker.once('exit', () => {
        const served = serving.delete(number)
        if (stopping) return resolve()
        if (!served) return reject(new Error(`worker ${number} could not start`))
        void startAgain(number, port)
      })
    })
  }

  async function startAgain(number: number, port: number): Promise<void> {
    process.stderr.write(`worker ${number} ended; another one is started\n`)
    await sleep(RESTART_MS)
    if (!stopping) await start(number, port).catch(fail)
  }

  function stop(code: number): void {
    if (stopping) return
    stopping = true
    const workers = Object.values(cluster.workers ?? {}) as Worker[]
    const ended = workers.map(worker => new Promise(resolve => worker.once('exit', resolve)))
    for (const worker of workers) worker.process.kill('SIGTERM')
    void Promise.all(ended).then(() => process.exit(code))
  }

  function fail(error: unknown): void {
    process.stderr.write(`Coverslip could not start: ${(error as Error).message}\n`)
    stop(1)
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(0))
  async function startAll(): Promise<void> {
    const port = await claimPort(platform)
    // The first makes what all share (tables, keys); the others find it.
    for (let number = 1; number <= count && !stopping; number += 1) await start(number, port)
  }

  await startAll().catch(fail)
  if (!stopping) await serveMetrics(platform, () => (serving.size === count ? serving : undefined)).catch(fail)
}

/**
 * The workers share a port of the system's, which would let them share it with another program's, too.
 * @throws Error that says what to do when the port is taken
 */
async function claimPort({ PORT, HOST }: PlatformConfig): Promise<number> {
  const probe = createServer()
  await listen(probe, HOST, PORT, { sharing: 'none' })
  const { port } = probe.address() as AddressInfo
  await new Promise(resolve => probe.close(resolve))
  return port
}

/** @param all every worker's addresses; undefined while one is missing */
async function serveMetrics(
  platform: PlatformConfig,
  all: () => ReadonlyMap<number, Ready> | undefined,
): Promise<void> {
  const server = createServer((req, res) => {
    if (req.url === '/healthz') return void res.end('{"status":"ok"}')
    if (req.url === '/metrics') return void scrapeAll(all() ?? new Map()).then(text => res.end(text))
    if (req.url !== '/readyz') {
      return sendProblem(res, new ServiceError('not-found', 'There is nothing at this address'))
    }
    areReady(all()).then(ready =>
      ready
        ? res.end('{"status":"ok"}')
        : sendProblem(res, new ServiceError('unavailable', 'A worker is starting or stopping')),
    )
  })
  const usual = platform.PORT === 0 ? 0 : platform.PORT + 1
  const port = await freePort(platform.METRICS_PORT, usual, platform.METRICS_HOST)
  await listen(server, platform.METRICS_HOST, port)
  const { port: found } = server.address() as AddressInfo
  process.stderr.write(`metrics of all workers: http://${platform.METRICS_HOST}:${found}/metrics\n`)
}

async function scrapeAll(workers: ReadonlyMap<number, Ready>): Promise<string> {
  const answers = await Promise.all(
    [...workers].map(async ([number, { metricsUrl }]) => [number, await textOf(metricsUrl)] as const),
  )
  return mergeMetrics(new Map(answers))
}

/** Empty for a worker that does not answer. */
const textOf = (url: string): Promise<string> =>
  fetch(url, { signal: AbortSignal.timeout(SCRAPE_MS) }).then(
    answer => answer.text(),
    () => '',
  )

async function areReady(workers: ReadonlyMap<number, Ready> | undefined): Promise<boolean> {
  if (!workers) return false
  const checks = [...workers.values()].map(({ metricsUrl }) =>
    fetch(new URL('/readyz', metricsUrl), { signal: AbortSignal.timeout(SCRAPE_MS) }).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  return (await Promise.all(checks)).every(Boolean)
}
