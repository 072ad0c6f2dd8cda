/**
 * Changes a service's tables to what its code wants, and ends: `node infra/image/migrate.ts SERVICE`. The chart runs it
 * before an upgrade; DATABASE_URL, or the file that DATABASE_URL_FILE names, has the service's own role.
 */
import { readConfig } from '@coverslip/platform/config.ts'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { migrationsOf } from '@coverslip/platform/house.ts'
import type { Module } from '@coverslip/platform/module.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'

const service = process.argv[2] ?? ''
if (!/^[a-z]+$/.test(service)) {
  process.stderr.write('usage: node infra/image/migrate.ts SERVICE\n')
  process.exit(2)
}
// An image may have one service only: the others' code is not there to be imported.
const exported: Record<string, unknown> = await import(`@coverslip/${service}/module.ts`)
const module = Object.values(exported).find(one => (one as Module).name === service) as Module | undefined
if (!module?.migrations) throw new Error(`the service ${service} keeps no tables`)
const { DATABASE_URL } = platformSettings
const { platform } = readConfig({ platform: { DATABASE_URL } }, process.env)
const database = await openDatabase(platform.DATABASE_URL)
await database.open(module.name, migrationsOf(module))
await database.close()
process.stdout.write(`the tables of ${service} are as its code wants them\n`)
