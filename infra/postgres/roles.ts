/**
 * Prints the SQL that prepares a PostgreSQL database: one role per service, each with a schema of its own and no way
 * into another's. Run it once as an administrator; the passwords come from the environment, so that no file holds them.
 *
 *   ACCESS_PASSWORD=… CATALOG_PASSWORD=… … node infra/postgres/roles.ts | psql coverslip
 */

/** The services that keep something in the database. */
export const KEEPERS = [
  'access',
  'annotations',
  'catalog',
  'deidentify',
  'ingest',
  'pyramid',
  'subjects',
  'tiles',
] as const

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** @param passwordOf the password of a service's role */
export function rolesSql(passwordOf: (service: string) => string): string {
  const roles = KEEPERS.flatMap(name => [
    `create role coverslip_${name} login password ${quote(passwordOf(name))};`,
    `create schema ${name} authorization coverslip_${name};`,
  ])
  return [`revoke all on schema public from public;`, ...roles, ''].join('\n')
}

if (import.meta.main) {
  const missing = KEEPERS.filter(name => !process.env[`${name.toUpperCase()}_PASSWORD`])
  if (missing.length > 0) {
    process.stderr.write(`set ${missing.map(name => `${name.toUpperCase()}_PASSWORD`).join(', ')}\n`)
    process.exit(2)
  }
  process.stdout.write(rolesSql(name => process.env[`${name.toUpperCase()}_PASSWORD`]!))
}
