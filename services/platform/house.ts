/** What all modules of a process share, in the order in which it is made; and one module moved into it. */
import { mkdir } from 'node:fs/promises'
import { streams } from '@coverslip/proto/streams.ts'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { type Adapters, openAdapters } from './adapters.ts'
import { type Keys, openKeys } from './auth/keys.ts'
import { signToken } from './auth/token.ts'
import { createVerifier, type Verifier } from './auth/verifier.ts'
import { readConfig, type Settings } from './config.ts'
import type { Db, Migration } from './db/port.ts'
import { createDoors, type Doors } from './doors.ts'
import { erasureMigration } from './erasure.ts'
import { createSignals, forget, publish } from './events.ts'
import { createKnownCaller } from './http/known-caller.ts'
import { type Log, openLog } from './log.ts'
import type { Deps, Module, Running } from './module.ts'
import { type OutboxTables, outboxMigration, startRelay } from './outbox.ts'
import { type RpcClients, rpcClients } from './rpc.ts'
import { type PlatformConfig, platformSettings } from './settings.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'
import { certificatesOf, trust } from './tls.ts'
import { observeOutbox, observeServers } from './vitals.ts'

export interface House {
  platform: PlatformConfig
  /** The settings of every module, by its name. */
  config: Record<string, Record<string, unknown>>
  log: Log
  telemetry: Telemetry
  verifier: Verifier
  adapters: Adapters
  doors: Doors
  auth: Deps['auth']
  client: RpcClients['client']
  /** What to undo at the stop, last first. */
  stops: (() => unknown)[]
}

export interface HouseOptions {
  environment: Record<string, string | undefined>
  spanExporter: SpanExporter | undefined
  stops: House['stops']
}

/**
 * Reads the configuration, then opens what it names; every opened thing adds its undoing to `stops` at once.
 * @throws ConfigError with every wrong setting, before anything is opened
 */
export async function buildHouse(
  modules: Module[],
  { environment, spanExporter, stops }: HouseOptions,
): Promise<House> {
  const config = readConfig(settingsOf(modules), environment) as Record<string, Record<string, unknown>>
  const platform = config.platform as unknown as PlatformConfig
  const certificates = certificatesOf(platform)
  if (platform.TLS_CA_FILE) trust(platform.TLS_CA_FILE)
  // Keys, tokens and, in a file store, slides: nobody else's business.
  await mkdir(platform.COVERSLIP_DATA, { recursive: true, mode: 0o700 })
  const service = modules.length === 1 ? modules[0]!.name : 'all'
  const log = openLog({ service, level: platform.LOG_LEVEL, destination: platform.LOG_FILE || undefined })
  const otlpUrl = platform.OTEL_EXPORTER_OTLP_ENDPOINT
  const telemetry = await startTelemetry({ service, otlpUrl, ...(spanExporter ? { exporter: spanExporter } : {}) })
  stops.push(() => telemetry.close())
  const keys = await openKeys(platform, platform.COVERSLIP_DATA)
  const verifier = createVerifier(keys.verify)
  const adapters = await openAdapters(platform, modules, service, log)
  stops.push(() => adapters.close())
  observeServers(telemetry, adapters.servers)
  for (const stream of streams()) await adapters.bus.ensureStream(stream)
  const doors = await createDoors({ platform, modules, keys, certificates, verifier, telemetry, log, adapters })
  const clients = rpcClients({
    addressOf: doors.rpcAddressOf,
    serviceSecret: keys.serviceSecret,
    telemetry,
    certificates,
  })
  stops.push(() => clients.close())
  const auth = authOf(keys, verifier)
  return { platform, config, log, telemetry, verifier, adapters, doors, auth, client: clients.client, stops }
}

function authOf(keys: Keys, verifier: Verifier): Deps['auth'] {
  return {
    verify: token => verifier.verify(token),
    known: createKnownCaller(verifier),
    sign: claims => {
      if (!keys.signing) throw new Error('this process has no SIGNING_KEY')
      return signToken(keys.signing, claims)
    },
  }
}

export function settingsOf(modules: Module[]): Record<string, Settings> {
  return { platform: platformSettings, ...Object.fromEntries(modules.map(({ name, config }) => [name, config])) }
}

/** Gives a module what it declared, and starts it. */
export async function startModule(module: Module, house: House): Promise<Running> {
  const { platform, telemetry, adapters, stops } = house
  const db = module.migrations ? await openModuleDb(module, house) : undefined
  const signals = createSignals(adapters.bus, module.name, platform.SITE)
  stops.push(() => signals.stop())
  const from = { service: module.name, site: platform.SITE, schema: module.name, telemetry }
  const running = await module.start({
    site: platform.SITE,
    config: house.config[module.name]!,
    log: house.log.child({ module: module.name }),
    telemetry,
    db,
    cache: adapters.cache,
    objects: adapters.objectsFor(module.objects ?? {}),
    scratch: adapters.scratch,
    publish: (trx, name, message) => publish(trx, from, name, message),
    forget: (name, place) => forget(adapters.bus, name, place),
    signal: (name, message) => signals.tell(name, message),
    rpc: (service, definition) => house.client(module.name, service, definition),
    auth: house.auth,
  } as Deps)
  if (running.stop) stops.push(() => running.stop!())
  return running
}

/** A module's migrations, after those of what each schema has: an outbox, and receipts of erasure. */
export const migrationsOf = ({ migrations }: Pick<Module, 'migrations'>): Migration[] => [
  outboxMigration,
  erasureMigration,
  ...(migrations ?? []),
]

/** A module with tables has a schema of its own name, and an outbox in it. */
async function openModuleDb({ name, migrations }: Module, house: House): Promise<Db<unknown>> {
  const { adapters, log, telemetry, stops } = house
  const database = adapters.database!
  const db = await database.open<OutboxTables>(name, migrationsOf({ migrations }))
  const relay = await startRelay(db, database, adapters.bus, log)
  stops.push(() => relay.stop())
  observeOutbox(telemetry, name, relay)
  return db as unknown as Db<unknown>
}
