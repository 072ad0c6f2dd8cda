import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from './db/index.ts'
import type { Database, Db } from './db/port.ts'
import { type ErasureTables, erasureMigration, noteErasure, recordDownload, takeReceipt } from './erasure.ts'
import { emptyDatabase } from './testing/database.ts'

let folder: string
let database: Database
let db: Db<ErasureTables>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-erasure-'))
  database = await openDatabase(await emptyDatabase(join(folder, 'db')))
  db = await database.open('keeper', [erasureMigration])
})
afterAll(async () => {
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

const take = (thing: string) => db.transaction(trx => takeReceipt(trx, thing))

test('an erasure is told once, with the larger counts of two attempts and who had taken copies', async () => {
  await recordDownload(db.query, { thing: 'a', user: 'reader', what: 'pyramid' })
  await recordDownload(db.query, { thing: 'a', user: 'reader', what: 'pyramid' })
  await recordDownload(db.query, { thing: 'b', user: 'other', what: 'pyramid' })
  await noteErasure(db.query, 'a', { objects: 3, rows: 0, bytes: 2 ** 40 })
  await noteErasure(db.query, 'a', { objects: 1, rows: 2, bytes: 0 })
  expect(await take('a')).toMatchObject({
    objects: 3n,
    rows: 2n,
    bytes: 2n ** 40n,
    downloads: [{ userId: 'reader', what: 'pyramid' }],
  })
  await noteErasure(db.query, 'a', { objects: 0, rows: 0, bytes: 0 })
  expect(await take('a')).toBeUndefined()
  expect((await db.query.selectFrom('downloads').selectAll().execute()).map(({ thing }) => thing)).toEqual(['b'])
})

test('a receipt that is not told with the transaction is told by the next one', async () => {
  await noteErasure(db.query, 'c', { objects: 1, rows: 1, bytes: 1 })
  const broken = db.transaction(async trx => {
    await takeReceipt(trx, 'c')
    throw new Error('died')
  })
  await expect(broken).rejects.toThrow('died')
  expect(await take('c')).toMatchObject({ objects: 1n })
})

test('nothing is told of what nobody erased', async () => {
  expect(await take('never')).toBeUndefined()
})
