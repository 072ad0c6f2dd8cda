import { setImmediate } from 'node:timers/promises'
import type { DatabaseConnection, Dialect, Driver, Kysely } from 'kysely'
import type { Db } from './port.ts'
import type { TransactionScope } from './scope.ts'

export interface Guard {
  scope: TransactionScope
  /** Makes a lost connection a retryable error; other errors pass as they are. */
  translate(error: unknown): unknown
  /** One connection that must be used by one query or transaction at a time. */
  oneConnection: boolean
}

/** The dialect with a guard before each connection that is taken, and with translated errors. */
export function guarded(dialect: Dialect, guard: Guard): Dialect {
  return {
    createAdapter() {
      const adapter = dialect.createAdapter()
      // Kysely's own mutex would make a query wait for ever that the guard below has to refuse.
      if (guard.oneConnection) Object.defineProperty(adapter, 'supportsMultipleConnections', { value: true })
      return adapter
    },
    createIntrospector: db => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => guardDriver(dialect.createDriver(), guard),
  }
}

function guardDriver(driver: Driver, { scope, translate, oneConnection }: Guard): Driver {
  const known = new WeakSet<DatabaseConnection>()
  const turns = oneConnection ? takeTurns() : undefined
  const acquire = driver.acquireConnection.bind(driver)
  const release = driver.releaseConnection.bind(driver)
  driver.acquireConnection = async options => {
    scope.refuseInside()
    await turns?.next()
    const connection = await acquire(options).catch((error: unknown) => {
      turns?.done()
      throw translate(error)
    })
    if (!known.has(connection)) translateErrors(connection, translate)
    known.add(connection)
    return connection
  }
  driver.releaseConnection = async (connection, options) => {
    await release(connection, options)
    turns?.done()
  }
  return driver
}

/** Drivers know their own connections by private members, so the connection itself is changed and not wrapped. */
function translateErrors(connection: DatabaseConnection, translate: (error: unknown) => unknown): void {
  const execute = connection.executeQuery.bind(connection)
  connection.executeQuery = async (query, options) => {
    try {
      return (await execute(query, options)) as never
    } catch (error) {
      throw translate(error)
    }
  }
}

function takeTurns(): { next(): Promise<void>; done(): void } {
  const waiting: (() => void)[] = []
  let taken = false
  return {
    async next() {
      // The embedded database answers without leaving the microtask queue: a loop of queries would starve all I/O.
      await setImmediate()
      if (taken) await new Promise<void>(resolve => waiting.push(resolve))
      taken = true
    },
    done() {
      const turn = waiting.shift()
      if (turn === undefined) taken = false
      else turn()
    },
  }
}

/** One service's part: the handle bound to its schema. */
export function dbOf<Tables>(kysely: Kysely<unknown>, schema: string, scope: TransactionScope): Db<Tables> {
  const query = kysely.withSchema(schema) as Kysely<Tables>
  return {
    schema,
    query,
    transaction: work => query.transaction().execute(trx => scope.inside(() => work(trx))),
  }
}
