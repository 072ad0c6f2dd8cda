/**
 * Runs modules in this process, in the order in which it happens: configuration, adapters, keys, migrations, the modules
 * themselves, gRPC, HTTP, events. The same call serves one service or all of them.
 */

import { mkdir } from 'node:fs/promises'
import { streams } from '@coverslip/proto/flow.ts'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { type Adapters, openAdapters } from './adapters.ts'
import { openKeys } from './auth/keys.ts'
import { signToken } from './auth/token.ts'
import { createVerifier } from './auth/verifier.ts'
import type { Subscription } from './bus/port.ts'
import { ConfigError, readConfig, type Settings } from './config.ts'
import type { Db } from './db/port.ts'
import { createDoors } from './doors.ts'
import { createSignals, followEvent, publish, startConsumers, startFollowers } from './events.ts'
import { type Log, openLog } from './log.ts'
import type { Deps, Module, Running } from './module.ts'
import { type OutboxTables, outboxMigration, startRelay } from './outbox.ts'
import { type RpcClients, rpcClients } from './rpc.ts'
import { platformSettings } from './settings.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'

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
  const config = readConfig(settingsOf(modules), options.environment ?? process.env) as Record<
    string,
    Record<string, unknown>
  >
  const platform = config.platform as unknown as PlatformConfig
  const service = modules.length === 1 ? modules[0]!.name : 'all'
  // Keys, tokens and, in a file store, slides: nobody else's business.
  await mkdir(platform.COVERSLIP_DATA, { recursive: true, mode: 0o700 })
  const log = openLog({ service, level: platform.LOG_LEVEL, destination: platform.LOG_FILE || undefined })
  const telemetry = await startTelemetry({
    service,
    otlpUrl: platform.OTEL_EXPORTER_OTLP_ENDPOINT,
    ...(options.spanExporter ? { exporter: options.spanExporter } : {}),
  })
  const keys = await openKeys(platform, platform.COVERSLIP_DATA)
  const verifier = createVerifier(keys.verify)
  const stops: (() => unknown)[] = [() => telemetry.close()]
  const stop = once(async () => {
    for (const close of stops.reverse()) await close()
  })
  try {
    const adapters = await openAdapters(platform, modules, log)
    stops.push(() => adapters.close())
    for (const stream of streams()) await adapters.bus.ensureStream(stream)
    const doors = await createDoors({ platform, modules, keys, verifier, telemetry, log, adapters })
    const clients = rpcClients({ addressOf: doors.rpcAddressOf, serviceSecret: keys.serviceSecret, telemetry })
    stops.push(() => clients.close())
    const auth: Deps['auth'] = {
      verify: token => verifier.verify(token),
      sign: claims => {
        if (!keys.signing) throw new Error('this process has no SIGNING_KEY')
        return signToken(keys.signing, claims)
      },
    }
    const house: House = { platform, config, log, telemetry, adapters, auth, client: clients.client, stops }
    const started: Started[] = []
    for (const module of modules) started.push({ module, running: await startModule(module, house) })
    // Before any door opens, everything revoked so far is known.
    const revocations = await followEvent({ bus: adapters.bus, log }, 'access.revoked', 'start', verifier.revoke)
    stops.push(() => revocations.stop())
    const served = await doors.open(started)
    stops.push(() => served.close())
    const subscriptions: Subscription[] = []
    stops.push(() => Promise.all(subscriptions.map(subscription => subscription.stop(platform.DRAIN_TIMEOUT))))
    for (const { module, running } of started) {
      const subscriber = { service: module.name, bus: adapters.bus, log, telemetry }
      subscriptions.push(
        ...(await startFollowers(subscriber, running.followers ?? {})),
        ...(await startConsumers(subscriber, running.consumers ?? {})),
      )
    }
    served.setReady(true)
    stops.push(() => served.setReady(false))
    log.info({ url: served.url, metrics: served.metricsUrl, modules: modules.map(({ name }) => name) }, 'ready')
    return {
      url: served.url,
      publicUrl: served.publicUrl,
      metricsUrl: served.metricsUrl,
      rpcAddress: served.rpcAddress,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Started {
  module: Module
  running: Running
}
/** What all modules of a process share. */
interface House {
  platform: PlatformConfig
  config: Record<string, Record<string, unknown>>
  log: Log
  telemetry: Telemetry
  adapters: Adapters
  auth: Deps['auth']
  client: RpcClients['client']
  /** What to undo at the stop, last first. */
  stops: (() => unknown)[]
}

async function startModule(module: Module, house: House): Promise<Running> {
  const { platform, telemetry, adapters, stops } = house
  const log = house.log.child({ module: module.name })
  const db = module.migrations ? await openModuleDb(module, house) : undefined
  const signals = createSignals(adapters.bus, module.name, platform.SITE)
  stops.push(() => signals.stop())
  const from = { service: module.name, site: platform.SITE, schema: module.name, telemetry }
  const deps = {
    site: platform.SITE,
    config: house.config[module.name]!,
    log,
    telemetry,
    db,
    cache: adapters.cache,
    objects: adapters.objectsFor(module.objects ?? {}),
    scratch: adapters.scratch,
    publish: (trx, name, message) => publish(trx, from, name, message),
    signal: (name, message) => signals.tell(name, message),
    rpc: (service, definition) => house.client(module.name, service, definition),
    auth: house.auth,
  } as Deps
  const running = await module.start(deps)
  if (running.stop) stops.push(() => running.stop!())
  return running
}

/** A module with tables has a schema of its own name, and an outbox in it. */
async function openModuleDb(
  { name, migrations }: Module,
  { adapters, log, telemetry, stops }: House,
): Promise<Db<unknown>> {
  const database = adapters.database!
  const db = await database.open<OutboxTables>(name, [outboxMigration, ...(migrations ?? [])])
  const relay = await startRelay(db, database, adapters.bus, log)
  stops.push(() => relay.stop())
  telemetry.gauge(`coverslip_outbox_lag_${name}`, 'Events saved but not yet relayed', relay.lag)
  return db as unknown as Db<unknown>
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

export type PlatformConfig = import('./config.ts').ValuesOf<typeof platformSettings>

function settingsOf(modules: Module[]): Record<string, Settings> {
  return { platform: platformSettings, ...Object.fromEntries(modules.map(({ name, config }) => [name, config])) }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => (running ??= work())
}
