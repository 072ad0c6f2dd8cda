/**
 * The outbox: an event is saved in the transaction that saves the state it tells of, and relayed to the bus after the
 * commit. Nothing is lost when the process dies in between, and the bus drops what was relayed twice.
 */
import { randomUUID } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import { bell } from './bell.ts'
import type { Bus } from './bus/port.ts'
import type { Database, Db, Migration } from './db/port.ts'
import type { Log } from './log.ts'

interface OutboxRow {
  seq: string | number
  id: string
  subject: string
  data: Uint8Array
  headers: string
}
export interface OutboxTables {
  outbox: OutboxRow
}

export const outboxMigration: Migration = {
  name: '000-outbox',
  sql: schema => `
    create table ${schema}.outbox (
      seq bigint generated always as identity primary key,
      id text not null,
      subject text not null,
      data bytea not null,
      headers text not null,
      saved_at timestamptz not null default now()
    )`,
}

const channelOf = (schema: string): string => `outbox_${schema}`

/** Saves one event; `headers` travel with it (the traceparent). */
export async function saveEvent(
  trx: Transaction<unknown>,
  schema: string,
  event: { subject: string; data: Uint8Array; headers: Record<string, string> },
): Promise<void> {
  const { subject, data, headers } = event
  await (trx as unknown as Transaction<OutboxTables>)
    .insertInto('outbox')
    .values({ id: randomUUID(), subject, data: Buffer.from(data), headers: JSON.stringify(headers) } as never)
    .execute()
  // Delivered at commit, and not at all when the transaction is rolled back.
  await sql`select pg_notify(${channelOf(schema)}, '')`.execute(trx)
}

/** Events saved but not yet relayed. */
export interface OutboxBacklog {
  events: number
  /** For how long the oldest has waited; 0 without one. */
  oldestSeconds: number
}

export interface Relay {
  backlog(): Promise<OutboxBacklog>
  stop(): Promise<void>
}

const BATCH = 100
const POLL_MS = 15_000

/**
 * Relays a schema's outbox for as long as the process lives. Several replicas may do so at once: order per key holds,
 * since the rows of one key are saved under that key's row lock, and doubles are dropped by id.
 */
export async function startRelay(db: Db<OutboxTables>, database: Database, bus: Bus, log: Log): Promise<Relay> {
  let stopped = false
  const saved = bell()
  const listener = await database.listen(channelOf(db.schema), saved.ring)

  async function relayOnce(): Promise<void> {
    for (;;) {
      const rows = await db.query.selectFrom('outbox').selectAll().orderBy('seq').limit(BATCH).execute()
      for (const row of rows) {
        await bus.publish(row.subject, row.data, { id: row.id, headers: JSON.parse(row.headers) })
        await db.query.deleteFrom('outbox').where('seq', '=', row.seq).execute()
      }
      if (rows.length < BATCH) return
    }
  }

  const loop = (async () => {
    let failures = 0
    while (!stopped) {
      try {
        await relayOnce()
        failures = 0
      } catch (error) {
        if (stopped) return
        failures += 1
        // One line when it begins; the metrics tell of the rest.
        if (failures === 1) log.warn({ err: error }, 'events wait in the outbox: the bus or the database is away')
      }
      if (!stopped) await saved.wait(failures === 0 ? POLL_MS : Math.min(5000, 200 * 2 ** failures))
    }
  })()

  return {
    backlog: () => backlogOf(db),
    async stop() {
      stopped = true
      saved.ring()
      await listener.stop()
      await loop
    },
  }
}

async function backlogOf({ query, schema }: Db<OutboxTables>): Promise<OutboxBacklog> {
  const { rows } = await sql<{ events: number; seconds: number | null }>`
    select count(*)::int as events, extract(epoch from now() - min(saved_at))::float8 as seconds
    from ${sql.table(`${schema}.outbox`)}`.execute(query)
  const { events, seconds } = rows[0]!
  return { events, oldestSeconds: Math.max(0, seconds ?? 0) }
}
