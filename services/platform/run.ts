/**
 * Runs modules in this process, in the order in which it happens: configuration, adapters, keys, migrations, the modules
 * themselves, gRPC, HTTP, events. The same call serves one service or all of them.
 */
import type { EventName, ServiceName } from '@coverslip/proto/flow.ts'
import { streams } from '@coverslip/proto/flow.ts'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { openAdapters } from './adapters.ts'
import { openKeys } from './auth/keys.ts'
import { signToken } from './auth/token.ts'
import { createVerifier } from './auth/verifier.ts'
import type { Subscription } from './bus/port.ts'
import { ConfigError, readConfig, type Settings } from './config.ts'
import { createDoors } from './doors.ts'
import { createSignals, followEvent, publish, startConsumers, startFollowers } from './events.ts'
import { openLog } from './log.ts'
import type { Deps, Module, Running } from './module.ts'
import { type OutboxTables, outboxMigration, startRelay } from './outbox.ts'
import { rpcClients } from './rpc.ts'
import { platformSettings } from './settings.ts'
import { startTelemetry } from './telemetry.ts'

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
  const log = openLog({ service, level: platform.LOG_LEVEL, destination: platform.LOG_FILE || undefined })
  const telemetry = await startTelemetry({
    service,
    otlpUrl: platform.OTEL_EXPORTER_OTLP_ENDPOINT,
    ...(options.spanExporter ? { exporter: options.spanExporter } : {}),
  })
  const keys = await openKeys(platform, platform.COVERSLIP_DATA)
  const verifier = createVerifier(keys.verify)
  const stops: (() => Promise<unknown> | unknown)[] = [() => telemetry.close()]
  const stop = once(async () => {
    for (const close of stops.reverse()) await close()
  })
  try {
    const adapters = await openAdapters(platform, modules)
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
    const started: { module: Module; running: Running }[] = []
    for (const module of modules) {
      const schema = module.name === 'public' || module.name === 'intake' ? `gateway_${module.name}` : module.name
      const db = await adapters.database.open<OutboxTables>(schema, [outboxMigration, ...(module.migrations ?? [])])
      const relay = await startRelay(db, adapters.database, adapters.bus, log)
      telemetry.gauge(`coverslip_outbox_lag_${module.name}`, 'Events saved but not yet relayed', relay.lag)
      const signals = createSignals(adapters.bus, module.name, platform.SITE)
      stops.push(
        () => relay.stop(),
        () => signals.stop(),
      )
      const from = { service: module.name, site: platform.SITE, schema, telemetry }
      const running = await module.start({
        site: platform.SITE,
        config: config[module.name]!,
        log: log.child({ module: module.name }),
        telemetry,
        db,
        cache: adapters.cache,
        objects: adapters.objectsFor(module.objects ?? {}),
        scratch: adapters.scratch,
        publish: (trx, name, message) => publish(trx, from, name, message),
        signal: (name: EventName, message: unknown) => signals.tell(name, message),
        rpc: (service: ServiceName, definition) => clients.client(module.name, service, definition),
        auth,
      } as Deps)
      if (running.stop) stops.push(() => running.stop!())
      started.push({ module, running })
    }
    const served = await doors.open(started)
    stops.push(() => served.close())
    const subscriptions: Subscription[] = [
      await followEvent({ bus: adapters.bus, log }, 'access.revoked', 'start', event => verifier.revoke(event)),
    ]
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
