import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Transaction } from 'kysely'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Bus } from './bus/port.ts'
import { openDatabase } from './db/index.ts'
import type { Database, Db } from './db/port.ts'
import { ServiceError } from './errors.ts'
import { openLog } from './log.ts'
import { type OutboxTables, outboxMigration, type Relay, saveEvent, startRelay } from './outbox.ts'
import { emptyDatabase } from './testing/database.ts'

let folder: string
let database: Database
let db: Db<OutboxTables>
let relay: Relay | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-outbox-'))
  database = await openDatabase(await emptyDatabase(join(folder, 'db')))
  db = await database.open<OutboxTables>('test', [outboxMigration])
})
afterEach(async () => {
  await relay?.stop()
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

/** A bus that is away at times, and notes what it was given. */
function unreliableBus(away: () => boolean) {
  const got: { id: string; text: string }[] = []
  const publish: Bus['publish'] = async (_subject, data, { id }) => {
    if (away()) throw new ServiceError('unavailable', 'away')
    got.push({ id, text: Buffer.from(data).toString() })
  }
  return { bus: { publish } as Bus, got }
}

const save = (text: string, then: () => void = () => {}) =>
  db.transaction(async trx => {
    await saveEvent(trx as unknown as Transaction<unknown>, 'test', {
      subject: 's',
      data: Buffer.from(text),
      headers: {},
    })
    then()
  })

async function until(done: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !done(); ) {
    if (Date.now() > deadline) throw new Error('waited in vain')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
const start = async (bus: Bus) => {
  relay = await startRelay(db, database, bus, openLog({ service: 't', level: 'silent' }))
}

test('events go out in order, those saved before the start too, and once each', async () => {
  const { bus, got } = unreliableBus(() => false)
  await save('1')
  await save('2')
  await start(bus)
  await save('3')
  await until(() => got.length >= 3)
  expect(got.map(({ text }) => text)).toEqual(['1', '2', '3'])
  expect(new Set(got.map(({ id }) => id)).size).toBe(3)
  await vi.waitFor(async () => expect(await relay!.backlog()).toEqual({ events: 0, oldestSeconds: 0 }))
})

test('what a transaction took back never goes out', async () => {
  const { bus, got } = unreliableBus(() => false)
  await start(bus)
  await expect(
    save('never', () => {
      throw new Error('changed my mind')
    }),
  ).rejects.toThrow('changed my mind')
  await save('after')
  await until(() => got.length >= 1)
  expect(got.map(({ text }) => text)).toEqual(['after'])
})

test('while the bus is away events wait, in order, and then go', async () => {
  let calls = 0
  const { bus, got } = unreliableBus(() => ++calls < 4)
  await start(bus)
  for (const text of ['1', '2', '3']) await save(text)
  const waiting = await relay!.backlog()
  expect(waiting.events).toBe(3)
  expect(waiting.oldestSeconds).toBeGreaterThan(0)
  await until(() => got.length >= 3)
  expect(got.map(({ text }) => text)).toEqual(['1', '2', '3'])
})
