import { sql } from 'kysely'
import { openDatabase } from '../db/index.ts'
import type { OpenedBus } from './contract-scene.ts'
import { openBus } from './index.ts'

/** An embedded bus on the database of the URL, for the suites. */
export async function openEmbeddedBus(url: string): Promise<OpenedBus> {
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
