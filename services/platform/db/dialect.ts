import type { DatabaseConnection, Dialect, Driver } from 'kysely'
import { Kysely } from 'kysely'
import type { Db } from './port.ts'
import type { TransactionScope } from './scope.ts'

/**
 * The dialect with two additions: a connection taken inside an open transaction is refused, and errors pass `translate`
 * (a lost connection becomes retryable).
 */
export function guarded(dialect: Dialect, scope: TransactionScope, translate: (error: unknown) => unknown): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: db => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => guardDriver(dialect.createDriver(), scope, translate),
  }
}

function guardDriver(driver: Driver, scope: TransactionScope, translate: (error: unknown) => unknown): Driver {
  const known = new WeakSet<DatabaseConnection>()
  const acquire = driver.acquireConnection.bind(driver)
  driver.acquireConnection = async options => {
    const connection = await acquire(options).catch((error: unknown) => {
      throw translate(error)
    })
    if (!known.has(connection)) {
      known.add(connection)
      translateErrors(connection, translate)
    }
    return connection
  }
  return driver

  // Drivers know their own connections by private members, so the connection itself is changed and not wrapped.
  function translateErrors(connection: DatabaseConnection, map: (error: unknown) => unknown): void {
    const execute = connection.executeQuery.bind(connection)
    connection.executeQuery = (query, options) =>
      execute(query, options).catch((error: unknown) => {
        throw map(error)
      }) as never
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
