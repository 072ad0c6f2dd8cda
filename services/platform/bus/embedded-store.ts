import { sql, type Transaction } from 'kysely'
import type { Db, Migration } from '../db/port.ts'
import type { ConsumerSpec } from './port.ts'
import { patternSource } from './subjects.ts'

/** The embedded bus in tables: messages as they were stored, and per consumer what it has in work or will get again. */
export const migrations: Migration[] = [
  {
    name: '001-bus',
    sql: schema => `
      create table ${schema}.streams (
        name text primary key,
        subjects text[] not null,
        max_age_ms bigint not null,
        last_seq bigint not null default 0
      );
      create table ${schema}.messages (
        stream text not null references ${schema}.streams (name),
        seq bigint not null,
        id text not null,
        subject text not null,
        headers text not null,
        data bytea not null,
        stored_at timestamptz not null default clock_timestamp(),
        primary key (stream, seq)
      );
      create index on ${schema}.messages (stream, id);
      create index on ${schema}.messages (stream, stored_at);
      create table ${schema}.consumers (
        stream text not null references ${schema}.streams (name),
        name text not null,
        cursor bigint not null default 0,
        primary key (stream, name)
      );
      create table ${schema}.deliveries (
        stream text not null,
        consumer text not null,
        seq bigint not null,
        attempts int not null,
        due_at timestamptz not null,
        primary key (stream, consumer, seq),
        foreign key (stream, seq) references ${schema}.messages (stream, seq) on delete cascade
      );
      create index on ${schema}.deliveries (stream, consumer, due_at);
      create table ${schema}.dead (
        stream text not null,
        consumer text not null,
        seq bigint not null,
        id text not null,
        subject text not null,
        headers text not null,
        data bytea not null,
        attempts int not null,
        code text not null,
        died_at timestamptz not null default clock_timestamp(),
        primary key (stream, consumer, seq)
      )`,
  },
]

export const SCHEMA = 'bus'
/** Notified with the stream's name at the commit of a new message, and when one is to be delivered again. */
export const CHANNEL = 'bus_messages'
const DEDUP_MS = 120_000

export interface StoredMessage {
  seq: number
  id: string
  subject: string
  headers: string
  data: Buffer
}
/** One delivery: `attempts` also says whose it is, since a later one has another number. */
export interface Lease {
  stream: string
  consumer: string
  seq: number
  attempts: number
}

type Rows = Db<Record<string, never>>
type Trx = Transaction<Record<string, never>>

export async function saveStream(db: Rows, name: string, subjects: string[], maxAgeMs: number): Promise<void> {
  await sql`insert into bus.streams (name, subjects, max_age_ms) values (${name}, ${subjects}::text[], ${maxAgeMs})
    on conflict (name) do update set subjects = excluded.subjects, max_age_ms = excluded.max_age_ms`.execute(db.query)
}

export async function loadStreams(db: Rows): Promise<{ name: string; subjects: string[] }[]> {
  const { rows } = await sql<{ name: string; subjects: string[] }>`select name, subjects from bus.streams`.execute(
    db.query,
  )
  return rows
}

/** The number of the newest message, 0 when there was none; undefined without the stream. */
export async function lastSeq(db: Rows, stream: string): Promise<number | undefined> {
  const { rows } = await sql<{ last_seq: number }>`select last_seq from bus.streams where name = ${stream}`.execute(
    db.query,
  )
  return rows[0]?.last_seq
}

/**
 * Stores a message once per id within two minutes. The stream's row is locked until the commit, so that numbers have no
 * gaps and become visible in their order: whoever has read up to n has missed nothing.
 */
export function append(db: Rows, stream: string, message: Omit<StoredMessage, 'seq'>): Promise<void> {
  const { id, subject, headers, data } = message
  return db.transaction(async trx => {
    await sql`select 1 from bus.streams where name = ${stream} for update`.execute(trx)
    const { rows } = await sql`
      insert into bus.messages (stream, seq, id, subject, headers, data)
      select name, last_seq + 1, ${id}::text, ${subject}::text, ${headers}::text, ${data}::bytea from bus.streams
      where name = ${stream} and not exists (
        select 1 from bus.messages where stream = ${stream} and id = ${id}
        and stored_at > clock_timestamp() - ${DEDUP_MS} * interval '1 ms')
      returning seq`.execute(trx)
    if (rows.length === 0) return
    await sql`update bus.streams set last_seq = last_seq + 1 where name = ${stream}`.execute(trx)
    await notify(trx, stream)
  })
}

export async function prune(db: Rows, stream: string): Promise<void> {
  await sql`delete from bus.messages m using bus.streams s
    where m.stream = ${stream} and s.name = m.stream
    and m.stored_at < clock_timestamp() - s.max_age_ms * interval '1 ms'`.execute(db.query)
}

export async function saveConsumer(db: Rows, stream: string, name: string): Promise<void> {
  await sql`insert into bus.consumers (stream, name) values (${stream}, ${name}) on conflict do nothing`.execute(
    db.query,
  )
}

export type Taken = { lease: Lease; message: StoredMessage } | { dueInMs: number | undefined }

/**
 * Leases the next message: one whose lease has ended or whose back-off is over, otherwise the first new one of the
 * subject. With none, says when the next lease or back-off ends. The consumer's row is locked meanwhile, so that replicas
 * take turns.
 */
export function take(db: Rows, spec: ConsumerSpec): Promise<Taken> {
  const { stream, name: consumer, subject, ackWaitMs, inOrder = false } = spec
  return db.transaction(async trx => {
    const found = await sql<{ cursor: number }>`select cursor from bus.consumers
      where stream = ${stream} and name = ${consumer} for update`.execute(trx)
    const again = await sql<Lease>`update bus.deliveries
      set attempts = attempts + 1, due_at = clock_timestamp() + ${ackWaitMs} * interval '1 ms'
      where stream = ${stream} and consumer = ${consumer} and seq = (
        select min(seq) from bus.deliveries
        where stream = ${stream} and consumer = ${consumer} and due_at <= clock_timestamp())
      returning stream, consumer, seq, attempts`.execute(trx)
    const due = again.rows[0] === undefined ? await nextDue(trx, stream, consumer) : undefined
    const mayBegin = !inOrder || due === undefined
    const from = found.rows[0]?.cursor
    const lease =
      again.rows[0] ?? (mayBegin ? await leaseNew(trx, { stream, consumer, subject, ackWaitMs }, from) : undefined)
    if (lease === undefined) return { dueInMs: due }
    const message = await sql<StoredMessage>`select seq, id, subject, headers, data from bus.messages
      where stream = ${stream} and seq = ${lease.seq}`.execute(trx)
    return { lease, message: message.rows[0] as StoredMessage }
  })
}

async function leaseNew(
  trx: Trx,
  { stream, consumer, subject, ackWaitMs }: { stream: string; consumer: string; subject: string; ackWaitMs: number },
  cursor = 0,
): Promise<Lease | undefined> {
  // One statement, one snapshot: what lies between next and upper has been seen to be of another subject.
  const { rows } = await sql<{ next: number | null; upper: number | null }>`
    with fresh as (select seq, subject from bus.messages where stream = ${stream} and seq > ${cursor})
    select min(seq) filter (where subject ~ ${patternSource(subject)}) as next, max(seq) as upper from fresh`.execute(
    trx,
  )
  const { next, upper } = rows[0] as { next: number | null; upper: number | null }
  if (upper === null) return undefined
  await sql`update bus.consumers set cursor = ${next ?? upper}
    where stream = ${stream} and name = ${consumer}`.execute(trx)
  if (next === null) return undefined
  await sql`insert into bus.deliveries (stream, consumer, seq, attempts, due_at)
    values (${stream}, ${consumer}, ${next}, 1, clock_timestamp() + ${ackWaitMs} * interval '1 ms')`.execute(trx)
  return { stream, consumer, seq: next, attempts: 1 }
}

async function nextDue(trx: Trx, stream: string, consumer: string): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8 as ms from bus.deliveries
    where stream = ${stream} and consumer = ${consumer}`.execute(trx)
  const ms = rows[0]?.ms ?? undefined
  return ms === undefined ? undefined : Math.max(0, Math.ceil(ms))
}

/** Makes every message in work due at once: whoever held a lease is known to be dead. */
export async function endLeases(db: Rows): Promise<void> {
  await sql`update bus.deliveries set due_at = clock_timestamp()`.execute(db.query)
}

/** Prolongs the lease. @returns false when it has ended and another delivery has begun. */
export async function extend(db: Rows, { stream, consumer, seq, attempts }: Lease, ms: number): Promise<boolean> {
  const { rows } = await sql`update bus.deliveries set due_at = clock_timestamp() + ${ms} * interval '1 ms'
    where stream = ${stream} and consumer = ${consumer} and seq = ${seq} and attempts = ${attempts}
    returning seq`.execute(db.query)
  return rows.length === 1
}

/** Gives the message back, to be delivered again after `delayMs`. */
export function giveBack(db: Rows, lease: Lease, delayMs: number): Promise<void> {
  const { stream, consumer, seq, attempts } = lease
  return db.transaction(async trx => {
    await sql`update bus.deliveries set due_at = clock_timestamp() + ${delayMs} * interval '1 ms'
      where stream = ${stream} and consumer = ${consumer} and seq = ${seq} and attempts = ${attempts}`.execute(trx)
    await notify(trx, stream)
  })
}

/** Ends the delivery for good; with a code the message is kept among the dead. */
export function settle(db: Rows, { stream, consumer, seq, attempts }: Lease, deadCode?: string): Promise<void> {
  return db.transaction(async trx => {
    const { rows } = await sql`delete from bus.deliveries
      where stream = ${stream} and consumer = ${consumer} and seq = ${seq} and attempts = ${attempts}
      returning seq`.execute(trx)
    if (rows.length === 0 || deadCode === undefined) return
    await sql`insert into bus.dead (stream, consumer, seq, id, subject, headers, data, attempts, code)
      select stream, ${consumer}::text, seq, id, subject, headers, data, ${attempts}::int, ${deadCode}::text
      from bus.messages where stream = ${stream} and seq = ${seq}`.execute(trx)
  })
}

/** With what consumers have of it in work. */
export async function deleteMessage(db: Rows, stream: string, { seq, id }: { seq: number; id: string }): Promise<void> {
  await sql`delete from bus.messages where stream = ${stream} and seq = ${seq} and id = ${id}`.execute(db.query)
}

export async function newestId(db: Rows, stream: string, subject: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from bus.messages
    where stream = ${stream} and subject = ${subject} order by seq desc limit 1`.execute(db.query)
  return rows[0]?.id
}

/** Messages of the subject after `after`, at most `limit`; `upper`: everything up to there has been looked at. */
export async function read(
  db: Rows,
  stream: string,
  subject: string,
  after: number,
  limit: number,
): Promise<{ messages: StoredMessage[]; upper: number }> {
  // Read first: what a later statement sees beyond it is left for the next time.
  const newest = Math.max(after, (await lastSeq(db, stream)) ?? 0)
  const { rows } = await sql<StoredMessage>`select seq, id, subject, headers, data from bus.messages
    where stream = ${stream} and seq > ${after} and seq <= ${newest} and subject ~ ${patternSource(subject)}
    order by seq limit ${limit}`.execute(db.query)
  const last = rows.at(-1)
  return { messages: rows, upper: rows.length === limit && last !== undefined ? last.seq : newest }
}

async function notify(trx: Trx, stream: string): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${stream})`.execute(trx)
}
