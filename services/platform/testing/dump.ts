/** Everything that a database holds, as text, for tests that look for what must not be there. */
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'

type Query = (text: string) => Promise<Record<string, unknown>[]>

/** All rows of all tables of a PostgreSQL server. */
export async function dumpPostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return dump(async text => (await client.query(text)).rows).finally(() => client.end())
}

/** The same of an embedded database that no process has open. @param folder a copy, since opening it writes */
export async function dumpPglite(folder: string): Promise<string> {
  const database = await PGlite.create(folder)
  return dump(async text => (await database.query<Record<string, unknown>>(text)).rows).finally(() => database.close())
}

async function dump(query: Query): Promise<string> {
  const tables = await query(
    "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')",
  )
  const lines: string[] = []
  for (const { table_schema, table_name } of tables) {
    // Bytes are shown as the text that they may be.
    for (const row of await query(`select * from "${table_schema}"."${table_name}"`)) {
      lines.push(`${table_schema}.${table_name} ${JSON.stringify(row, readable)}`)
    }
  }
  return lines.join('\n')
}

function readable(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // Buffers have become objects by their toJSON when they come here.
  const raw = this[key]
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('latin1')
  return typeof value === 'bigint' ? String(value) : value
}
