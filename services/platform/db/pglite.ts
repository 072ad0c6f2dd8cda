import { mkdir } from 'node:fs/promises'
import type { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, sql } from 'kysely'
import { dbOf, guarded } from './dialect.ts'
import { lockFolder } from './lock.ts'
import { migrate } from './migrate.ts'
import type { Database } from './port.ts'
import { transactionScope } from './scope.ts'
import { parsers } from './values.ts'

/**
 * PostgreSQL inside this process, its files in `folder` (made when missing). Every commit is written before it is
 * acknowledged, so a killed process loses nothing that was.
 * @throws ServiceError `conflict` when another process has the folder open: two would silently lose rows.
 */
export async function openPglite(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = await lockFolder(folder)
  const pglite = await start(folder).catch(async (error: unknown) => {
    await lock.release()
    throw error
  })
  const scope = transactionScope()
  const dialect = new PGliteDialect({ pglite })
  const kysely = new Kysely<unknown>({
    dialect: guarded(dialect, { scope, translate: error => error, oneConnection: true }),
  })
  return {
    exclusive: true,
    async open(schema, migrations) {
      await pglite.transaction(trx =>
        migrate(async statements => (await trx.exec(statements)).at(-1)?.rows ?? [], schema, migrations),
      )
      return dbOf(kysely, schema, scope)
    },
    async listen(channel, handle) {
      scope.refuseInside()
      // PGlite calls back inside the committing query, before the transaction's scope has ended.
      const stop = await pglite.listen(channel, payload => scope.outside(() => setImmediate(handle, payload)))
      return { stop: () => (pglite.closed ? Promise.resolve() : stop()) }
    },
    async ready() {
      await sql`select 1`.execute(kysely)
    },
    async close() {
      if (!pglite.closed) await pglite.close()
      await lock.release()
    },
  }
}

async function start(folder: string): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite')
  return PGlite.create({ dataDir: folder, parsers: { ...parsers }, relaxedDurability: false })
}
