import type { Migration } from './port.ts'

/** Runs SQL statements inside one transaction; answers with the rows of the last one. */
export type Script = (sql: string) => Promise<Record<string, unknown>[]>

/**
 * Makes the schema and applies the migrations it lacks, in order of their names. `script` is one open transaction, so
 * that a failing migration leaves nothing; replicas that start together wait for each other.
 * @throws Error for a name that could not be quoted safely, or with the failed migration's name.
 */
export async function migrate(script: Script, schema: string, migrations: Migration[]): Promise<void> {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(schema)) throw new Error(`invalid schema name: ${schema}`)
  await script(`select pg_advisory_xact_lock(hashtext('coverslip migrations of ${schema}'))`)
  // "create schema if not exists" wants the right to create schemas even when there is nothing to create.
  const [found] = await script(`select to_regnamespace('${schema}') is not null as "exists"`)
  if (!found?.exists) await script(`create schema ${schema}`)
  const [table] = await script(`select to_regclass('${schema}.migrations') is not null as "exists"`)
  if (!table?.exists) {
    await script(`create table ${schema}.migrations (name text primary key, applied_at timestamptz default now())`)
  }
  const applied = new Set((await script(`select name from ${schema}.migrations`)).map(row => row.name))
  const missing = migrations.filter(migration => !applied.has(migration.name))
  for (const migration of missing.sort((a, b) => (a.name < b.name ? -1 : 1))) await apply(script, schema, migration)
}

async function apply(script: Script, schema: string, { name, sql }: Migration): Promise<void> {
  if (!/^\d{3}-[a-z0-9-]+$/.test(name)) throw new Error(`invalid migration name: ${name}`)
  try {
    await script(sql(schema))
    await script(`insert into ${schema}.migrations (name) values ('${name}')`)
  } catch (error) {
    throw new Error(`migration ${name} of schema ${schema} failed: ${(error as Error).message}`, { cause: error })
  }
}
