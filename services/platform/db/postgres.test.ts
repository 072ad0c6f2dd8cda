import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPostgres, type TestServer } from '../testing/servers.ts'
import { databaseContract } from './contract.ts'
import { openDatabase } from './index.ts'

let server: TestServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())

describe('PostgreSQL', () => databaseContract(() => openDatabase(server.url)))

describe('PostgreSQL with one connection', () => databaseContract(() => openDatabase(`${server.url}?pool=1`)))

test('two processes that start at once apply each migration once', async () => {
  const databases = await Promise.all([1, 2, 3].map(() => openDatabase(server.url)))
  const migration = { name: '001-row', sql: (schema: string) => `create table ${schema}.row (n int)` }
  await Promise.all(databases.map(database => database.open('together', [migration])))
  for (const database of databases) await database.close()
})

describe('a restarted server', () => {
  test('loses no acknowledged row; errors meanwhile are retryable, and listeners hear again', async () => {
    const database = await openDatabase(`${server.url}?pool=3`)
    const migration = { name: '001-row', sql: (schema: string) => `create table ${schema}.row (n int primary key)` }
    const db = await database.open<{ row: { n: number } }>('restarted', [migration])
    const heard: string[] = []
    await database.listen('restarted', payload => heard.push(payload))
    const acknowledged: number[] = []
    const errors: unknown[] = []
    let running = true
    const load = async (first: number): Promise<void> => {
      for (let n = first; running; n += 2) {
        await db
          .transaction(trx => trx.insertInto('row').values({ n }).execute())
          .then(
            () => acknowledged.push(n),
            error => errors.push(error),
          )
        await sleep(2)
      }
    }
    const loads = [load(0), load(1)]
    await sleep(200)
    await server.kill()
    await expect(database.ready()).rejects.toMatchObject({ code: 'unavailable', retryable: true })
    await sleep(200)
    await server.restart()
    const before = acknowledged.length
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 10), 15_000)
    await server.restart()
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), 15_000)
    running = false
    await Promise.all(loads)

    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toMatchObject({ code: 'unavailable', retryable: true })
    const stored = new Set((await db.query.selectFrom('row').select('n').execute()).map(row => row.n))
    expect(acknowledged.filter(n => !stored.has(n))).toEqual([])
    await database.close()
  })
})
