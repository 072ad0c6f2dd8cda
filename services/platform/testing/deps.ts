/** The Deps of one module for tests of its handlers: real embedded adapters, events read back from the outbox. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventMessage, EventName } from '@coverslip/proto/flow.ts'
import { flow } from '@coverslip/proto/flow.ts'
import type { ServiceName } from '@coverslip/proto/services.ts'
import type { Transaction } from 'kysely'
import { openCache } from '../cache/index.ts'
import { readConfig, type Settings } from '../config.ts'
import { openDatabase } from '../db/index.ts'
import type { Migration } from '../db/port.ts'
import { erasureMigration } from '../erasure.ts'
import { publish } from '../events.ts'
import { openLog } from '../log.ts'
import type { Deps, ObjectsAccess } from '../module.ts'
import { openObjects } from '../objects/index.ts'
import { type OutboxTables, outboxMigration } from '../outbox.ts'
import { startTelemetry } from '../telemetry.ts'
import { emptyDatabase } from './database.ts'

/** What a module's handlers did to the world, seen from outside. */
export interface TestDeps<D> {
  deps: D
  /** The data folder. */
  data: string
  /** Events saved so far, oldest first. */
  events(): Promise<{ [Name in EventName]: { name: Name; message: EventMessage<Name> } }[EventName][]>
  /** Signals told so far. */
  signals: { name: EventName; message: unknown }[]
  close(): Promise<void>
}

/**
 * @param module the name decides the schema and what may be published
 * @returns deps for `D`, the module's own type of Deps; it has no auth
 */
export async function openTestDeps<D>(module: {
  name: ServiceName
  config: Settings
  migrations: Migration[]
  environment?: Record<string, string>
  /** What other services answer; without it, calling one is an error. */
  rpc?: Deps['rpc']
}): Promise<TestDeps<D>> {
  const data = await mkdtemp(join(tmpdir(), `coverslip-${module.name}-`))
  const scratch = join(data, 'scratch')
  await mkdir(scratch)
  const database = await openDatabase(await emptyDatabase(join(data, 'db')))
  const db = await database.open<OutboxTables>(module.name, [outboxMigration, erasureMigration, ...module.migrations])
  const telemetry = await startTelemetry({ service: module.name, otlpUrl: '' })
  const kinds: (keyof ObjectsAccess)[] = ['source', 'original', 'pyramid', 'stage']
  const stores = await Promise.all(kinds.map(kind => openObjects(`file:${join(data, kind)}`)))
  const cache = await openCache('memory:')
  const signals: { name: EventName; message: unknown }[] = []
  const from = { service: module.name, site: 'onprem', schema: module.name, telemetry }
  const deps = {
    site: 'onprem',
    config: readConfig({ [module.name]: module.config }, { COVERSLIP_DATA: data, ...module.environment })[module.name],
    log: openLog({ service: module.name, level: 'info', destination: join(data, 'log.jsonl') }),
    telemetry,
    db,
    cache,
    objects: Object.fromEntries(kinds.map((kind, i) => [kind, stores[i]])),
    scratch,
    publish: <Name extends EventName>(trx: Transaction<unknown>, name: Name, message: EventMessage<Name>) =>
      publish(trx, from, name, message),
    signal: (name: EventName, message: unknown) => void signals.push({ name, message }),
    rpc:
      module.rpc ??
      (() => {
        throw new Error('these deps call nobody')
      }),
    auth: undefined as never,
  } as unknown as Deps
  return {
    deps: deps as D,
    data,
    signals,
    async events() {
      const rows = await db.query.selectFrom('outbox').selectAll().orderBy('seq').execute()
      return rows.map(({ subject, data }) => {
        const name = subject.replace(/\.[a-z0-9]+\./, '.') as EventName
        return { name, message: flow[name].message.decode(new Uint8Array(data)) } as never
      })
    },
    async close() {
      for (const part of [...stores, cache, database]) await part.close()
      await telemetry.close()
      await rm(data, { recursive: true, force: true })
    },
  }
}
