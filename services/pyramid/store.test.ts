import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import type { Database, Db } from '@coverslip/platform/db/port.ts'
import { startPostgres, type TestServer } from '@coverslip/platform/testing/servers.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pyramids } from './migrations/001-pyramids.ts'
import { builds } from './migrations/002-builds.ts'
import { workers } from './migrations/003-workers.ts'
import { lockSlide, markDeleted, type PyramidRecord, saveOutcome, saveReport } from './store.ts'
import type { Tables } from './tables.ts'

let server: TestServer
let database: Database
let db: Db<Tables>
beforeAll(async () => {
  server = await startPostgres()
  database = await openDatabase(server.url)
  db = await database.open<Tables>('pyramid', [pyramids, builds, workers])
})
afterAll(async () => {
  await database?.close()
  await server?.stop()
})

const outcomeOf = (slideId: string): PyramidRecord => ({
  slideId,
  revision: 1,
  project: 'p',
  state: 'failed',
  file: null,
})
const left = async (slideId: string) => {
  const outcomes = await db.query.selectFrom('pyramids').select('revision').where('slide_id', '=', slideId).execute()
  const reports = await db.query.selectFrom('quality').select('revision').where('slide_id', '=', slideId).execute()
  return { outcomes: outcomes.map(({ revision }) => revision), reports: reports.length }
}

it('a slide that is deleted while its outcome is being saved leaves only the memory of the deletion', async () => {
  const slideId = randomUUID()
  const saved = Promise.withResolvers<void>()
  const deletion = saved.promise.then(() => markDeleted(db, slideId))
  await db.transaction(async trx => {
    await lockSlide(trx, slideId)
    expect(await saveOutcome(trx, outcomeOf(slideId))).toBe(true)
    await saveReport(trx, outcomeOf(slideId), {} as never)
    saved.resolve()
    await sleep(300)
  })
  // The outcome and its report.
  expect(await await deletion).toBe(2)
  expect(await left(slideId)).toEqual({ outcomes: [0], reports: 0 })
})

it('an outcome that comes during the deletion is not saved', async () => {
  const slideId = randomUUID()
  await markDeleted(db, slideId)
  await db.transaction(async trx => {
    await lockSlide(trx, slideId)
    expect(await saveOutcome(trx, outcomeOf(slideId))).toBe(false)
  })
  expect(await left(slideId)).toEqual({ outcomes: [0], reports: 0 })
})
