import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../db/index.ts'
import { startPostgres, type TestServer } from '../testing/servers.ts'
import { busContract, type OpenedBus } from './contract.ts'
import { busCrashContract, busRestartContract } from './contract-crash.ts'
import { openBus } from './index.ts'

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-bus-'))
  server = await startPostgres()
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function open(url: string): Promise<OpenedBus> {
  const database = await openDatabase(url)
  const bus = await openBus('embedded:', { database })
  const { query } = await database.open('bus_test', [])
  return {
    bus,
    async close() {
      await bus.close()
      await database.close()
    },
    async deadCount(stream) {
      const { rows } = await sql`select 1 from bus.dead where stream = ${stream}`.execute(query)
      return rows.length
    },
  }
}

describe('embedded in PGlite', () => {
  busContract(() => open(`pglite:${folder}/contract`))
  busCrashContract(() => ({ bus: 'embedded:', database: `pglite:${folder}/crash` }))
})

describe('embedded in PostgreSQL', () => {
  busContract(() => open(server.url))
  busCrashContract(() => ({ bus: 'embedded:', database: server.url }))
  busRestartContract(
    () => ({ bus: 'embedded:', database: server.url }),
    () => server,
  )
})

describe('embedded in PostgreSQL with one connection', () => busContract(() => open(`${server.url}?pool=1`)))

test('an embedded bus without a database is refused', async () => {
  await expect(openBus('embedded:', {})).rejects.toThrow('needs a database')
})
