import type { Kysely, Transaction } from 'kysely'

/**
 * A relational database that speaks PostgreSQL 15. Each service has a schema of its own and sees no other; SQL is the
 * same on both adapters, and so are the values in rows (values.ts). A JSON parameter is passed as JSON.stringify made it,
 * cast in the statement; while the database is away queries fail with a retryable ServiceError.
 */
export interface Migration {
  /** `001-slides`: applied once per schema, in order of the names. */
  name: string
  /** SQL statements; every name is qualified with the given schema. Backwards compatible for one version. */
  sql: (schema: string) => string
}

/** One service's part of the database. */
export interface Db<Tables> {
  readonly schema: string
  /** Queries outside a transaction; names are qualified with the service's schema. */
  readonly query: Kysely<Tables>
  /**
   * Runs `work` in one transaction; no I/O other than queries on the given handle inside.
   * @throws Error "query outside the open transaction" when `work` uses another handle: on one connection it would wait for ever.
   */
  transaction<Result>(work: (trx: Transaction<Tables>) => Promise<Result>): Promise<Result>
}

export interface Database {
  /** No other process can be connected: what is told inside this one reaches everybody. */
  readonly exclusive: boolean
  /** Makes the schema, applies the missing migrations under an advisory lock, and returns the service's part. */
  open<Tables>(schema: string, migrations: Migration[]): Promise<Db<Tables>>
  /** Calls back for each notification on the channel, after a reconnect as well (then with an empty payload). */
  listen(channel: string, handle: (payload: string) => void): Promise<{ stop(): Promise<void> }>
  /** Rejects with the reason when the database cannot be used now. */
  ready(): Promise<void>
  close(): Promise<void>
}
