import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { ServiceError } from '../errors.ts'
import { dbOf, guarded } from './dialect.ts'
import { migrate } from './migrate.ts'
import type { Database, Migration } from './port.ts'
import { createListener } from './postgres-listener.ts'
import { transactionScope } from './scope.ts'
import { arrayElements, type Parser, parsers } from './values.ts'

const DEFAULT_POOL = 10
/** How long the first use waits for a server that starts at the same time as this process. */
const START_MS = 30_000

/**
 * A PostgreSQL server (15 or later). `?pool=` sets the number of connections (10), beside one for notifications. While
 * the server is away queries fail with a retryable ServiceError; afterwards they work again.
 */
export function openPostgres(url: string): Database {
  const config = configOf(url)
  const pool = new pg.Pool(config)
  // The pool replaces a connection that breaks. Without listeners its 'error' event would end the process, idle or not.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  const scope = transactionScope()
  const kysely = new Kysely<unknown>({
    dialect: guarded(new PostgresDialect({ pool }), { scope, translate: unavailableOr, oneConnection: false }),
  })
  const listener = createListener(config)
  return {
    exclusive: false,
    async open(schema, migrations) {
      await whenAvailable(() => migrateInTransaction(pool, schema, migrations))
      return dbOf(kysely, schema, scope)
    },
    listen: (channel, handle) => listener.listen(channel, handle),
    async ready() {
      await sql`select 1`.execute(kysely)
    },
    async close() {
      await listener.close()
      await kysely.destroy()
      if (!pool.ended) await pool.end()
    },
  }
}

function configOf(url: string): pg.PoolConfig {
  const parsed = new URL(url)
  const pool = Number(parsed.searchParams.get('pool') ?? DEFAULT_POOL)
  if (!Number.isInteger(pool) || pool < 1) throw new Error('DATABASE_URL: pool must be a whole number of 1 or more')
  parsed.searchParams.delete('pool')
  return {
    connectionString: parsed.href,
    max: pool,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    application_name: 'coverslip',
    // A process that hangs inside a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: 60_000,
    types: { getTypeParser },
  }
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): Parser {
  const element = arrayElements[oid]
  if (format === 'binary') return pg.types.getTypeParser(oid, 'binary') as Parser
  if (element === undefined) return parsers[oid] ?? (pg.types.getTypeParser(oid) as Parser)
  const texts = pg.types.getTypeParser(TEXT_ARRAY as never) as (text: string) => (string | null)[]
  return text => texts(text).map(item => (item === null ? null : element(item)))
}
const TEXT_ARRAY = 1009

async function migrateInTransaction(pool: pg.Pool, schema: string, migrations: Migration[]): Promise<void> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    await migrate(async statements => lastRows(await client.query(statements)), schema, migrations)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch((rollback: Error) => {
      broken = rollback
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** Several statements in one query have a result each. */
function lastRows(result: pg.QueryResult | pg.QueryResult[]): Record<string, unknown>[] {
  return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? []
}

async function whenAvailable(work: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + START_MS
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const translated = unavailableOr((error as Error).cause ?? error)
      if (!(translated instanceof ServiceError)) throw error
      if (Date.now() > deadline) throw translated
      await sleep(500)
    }
  }
}

/** SQLSTATEs that pass: connection, shutdown and start of the server, too many clients, serialization, deadlock. */
const PASSING_STATE = /^(08...|57P0[123]|53300|40001|40P01)$/
const PASSING_CODE = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/
/** pg gives these errors no code. */
const PASSING_MESSAGE =
  /Connection terminated|connection error and is not queryable|timeout exceeded when trying to connect|Client was closed/

function unavailableOr(error: unknown): unknown {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  const passes = PASSING_STATE.test(code) || PASSING_CODE.test(code) || PASSING_MESSAGE.test(message)
  if (!passes || error instanceof ServiceError) return error
  return new ServiceError('unavailable', 'The database is not reachable right now', { cause: error })
}
