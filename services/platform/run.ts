/**
 * Runs modules in this process, in the order in which it happens: configuration, adapters, keys, migrations, the modules
 * themselves, gRPC, HTTP, events. The same call serves one service or all of them.
 */
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { Subscription } from './bus/port.ts'
import { ConfigError } from './config.ts'
import { followEvent, startConsumers, startFollowers } from './events.ts'
import { buildHouse, type House, startModule } from './house.ts'
import type { Module, Running } from './module.ts'
import { linkSites } from './sites.ts'

export interface System {
  /** Where HTTP is served: `http://127.0.0.1:8080`. */
  url: string
  /** The address browsers use. */
  publicUrl: string
  metricsUrl: string
  rpcAddress: string
  /** Stops taking work, lets work in hand finish or gives it back, closes everything. */
  stop(): Promise<void>
}

export interface RunOptions {
  /** Instead of the process' environment. */
  environment?: Record<string, string | undefined>
  /** Takes the spans (tests). */
  spanExporter?: SpanExporter
  /** Whether SIGTERM and SIGINT stop the process; default true. */
  signals?: boolean
}

/**
 * @throws ConfigError with every wrong setting, before anything is opened
 * @throws Error when a module does not offer what proto/flow.ts and proto/api.ts say of it
 */
export async function start(modules: Module[], options: RunOptions = {}): Promise<System> {
  const stops: House['stops'] = []
  const stop = once(() => undo(stops))
  try {
    const { environment = process.env, spanExporter } = options
    const house = await buildHouse(modules, { environment, spanExporter, stops })
    const started: Started[] = []
    for (const module of modules) started.push({ module, running: await startModule(module, house) })
    // Before any door opens, everything revoked so far is known.
    const revocations = await followEvent(
      { bus: house.adapters.bus, log: house.log },
      'access.revoked',
      { from: 'start', madeAt: '*' },
      house.verifier.revoke,
    )
    stops.push(() => revocations.stop())
    const served = await house.doors.open(started)
    stops.push(() => served.close())
    await subscribe(started, house)
    await linkSites(house)
    served.setReady(true)
    stops.push(() => served.setReady(false))
    const { url, publicUrl, metricsUrl, rpcAddress } = served
    house.log.info({ url, metrics: metricsUrl, modules: modules.map(({ name }) => name) }, 'ready')
    return { url, publicUrl, metricsUrl, rpcAddress, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Started {
  module: Module
  running: Running
}

/** Events begin to flow once everything that they may cause can be done. */
async function subscribe(started: Started[], { adapters, log, telemetry, platform, stops }: House): Promise<void> {
  const subscriptions: Subscription[] = []
  stops.push(() => Promise.all(subscriptions.map(subscription => subscription.stop(platform.DRAIN_TIMEOUT))))
  for (const { module, running } of started) {
    const subscriber = { service: module.name, site: platform.SITE, bus: adapters.bus, log, telemetry }
    subscriptions.push(
      ...(await startFollowers(subscriber, running.followers ?? {})),
      ...(await startConsumers(subscriber, running.consumers ?? {})),
    )
  }
}

/** Last first; what fails to stop must not keep the rest from stopping. */
async function undo(stops: House['stops']): Promise<void> {
  const failed: unknown[] = []
  for (const close of stops.reverse()) {
    try {
      await close()
    } catch (error) {
      failed.push(error)
    }
  }
  if (failed.length > 0) throw new AggregateError(failed, 'some parts did not stop in good order')
}

/** Runs modules until SIGTERM or SIGINT: what every main.ts calls. Wrong configuration ends the process with code 1. */
export async function run(modules: Module[], options: RunOptions = {}): Promise<System> {
  const system = await start(modules, options).catch((error: unknown) => {
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`)
    else process.stderr.write(`Coverslip could not start: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  })
  if (options.signals !== false) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => void system.stop().then(() => process.exit(0)))
    }
  }
  return system
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
