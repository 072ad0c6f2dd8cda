import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tidyUp } from './housekeeping.ts'
import { deleteIntake, listIntake } from './records.ts'
import { consumers, followers } from './standing.ts'
import { findSlide, uploadsOf } from './store.ts'
import { openTestIngest, type TestIngest } from './testing.ts'
import { createLeaseLocker } from './uploads/lease-locker.ts'
import { beginUpload, forgetUpload } from './uploads/registration.ts'

let test: TestIngest['test']
let store: TestIngest['store']
let upload: TestIngest['upload']
beforeAll(async () => {
  ;({ test, store, upload } = await openTestIngest({ UPLOAD_SET_TIMEOUT: '1h', SOURCE_RETENTION: '3d' }))
})
afterAll(() => test.close())

const garbage = async () => {
  const path = join(test.data, 'garbage')
  await writeFile(path, 'this is a text, whatever its name says')
  return path
}

describe('registration', () => {
  const begin = (set: { id: string; path: string; size: number } | null, uploader = 'u1', project = 'default') =>
    test.deps.db.transaction(trx =>
      beginUpload(trx, {
        uploadId: randomUUID(),
        uploader,
        metadata: { filename: 'a', project, set },
        size: 1,
        traceparent: null,
      }),
    )

  it('gives one slide id to a set, and another to the same set of another person', async () => {
    const id = randomUUID()
    const first = await begin({ id, path: 'a', size: 3 })
    expect(await begin({ id, path: 'b', size: 3 })).toBe(first)
    expect(await begin({ id, path: 'a', size: 3 }, 'u2')).not.toBe(first)
  })

  it('refuses a second file of a path, another size, another project and one file too many', async () => {
    const id = randomUUID()
    await begin({ id, path: 'a', size: 2 })
    await expect(begin({ id, path: 'a', size: 2 })).rejects.toMatchObject({ code: 'conflict' })
    await expect(begin({ id, path: 'b', size: 3 })).rejects.toMatchObject({ code: 'invalid' })
    await expect(begin({ id, path: 'b', size: 2 }, 'u1', 'other')).rejects.toMatchObject({ code: 'invalid' })
    await begin({ id, path: 'b', size: 2 })
    await expect(begin({ id, path: 'c', size: 2 })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('forgets a slide with its last upload', async () => {
    const uploadId = randomUUID()
    const upload = {
      uploadId,
      uploader: 'u1',
      metadata: { filename: 'a', project: 'default', set: null },
      size: 1,
      traceparent: null,
    }
    const slideId = await test.deps.db.transaction(trx => beginUpload(trx, upload))
    await test.deps.db.transaction(trx => forgetUpload(trx, uploadId))
    expect(await findSlide(test.deps.db.query, slideId)).toBeUndefined()
  })
})

describe('housekeeping', () => {
  it('fails uploads that nobody goes on with, and removes their bytes; not those in work', async () => {
    const from = await garbage()
    const [left, busy] = [await upload([{ path: 'a', from }], false), await upload([{ path: 'b', from }], false)]
    await test.deps.db.query
      .updateTable('slides')
      .set({ changed_at: new Date(Date.now() - 2 * 3_600_000) })
      .where('slide_id', 'in', [left, busy])
      .execute()
    const [inWork] = await uploadsOf(test.deps.db.query, busy)
    const lock = createLeaseLocker(test.deps.db).newLock(inWork!.upload_id)
    await lock.lock(new AbortController().signal, () => {})
    await tidyUp(test.deps, store, () => {})
    await lock.unlock()
    expect(await findSlide(test.deps.db.query, left)).toMatchObject({
      state: 'failed',
      reason: 'The upload was not finished within 1 hour',
    })
    expect(await findSlide(test.deps.db.query, busy)).toMatchObject({ arrival: 'uploading', state: 'received' })
    expect(await uploadsOf(test.deps.db.query, left)).toEqual([])
    expect(await store.received((await uploadsOf(test.deps.db.query, busy))[0]!.upload_id)).not.toBeNull()
  })
})

describe('retention', () => {
  it('removes sources of ready slides after their time, and no others', async () => {
    const [ready, failed] = [
      await upload([{ path: 'a', from: await garbage() }]),
      await upload([{ path: 'b', from: await garbage() }]),
    ]
    for (const [slideId, state] of [
      [ready, 'ready'],
      [failed, 'failed'],
    ] as const) {
      await test.deps.objects.source.put(`${slideId}/1/source`, Buffer.from('x'))
      const old = { arrival: 'arrived', state, changed_at: new Date(Date.now() - 4 * 86_400_000) } as const
      await test.deps.db.query.updateTable('slides').set(old).where('slide_id', '=', slideId).execute()
    }
    await tidyUp(test.deps, store, () => {})
    expect(await test.deps.objects.source.head(`${ready}/1/source`)).toBeUndefined()
    expect(await test.deps.objects.source.head(`${failed}/1/source`)).toBeDefined()
    expect((await findSlide(test.deps.db.query, ready))?.source_removed_at).toBeInstanceOf(Date)
  })
})

describe('a lock on an upload', () => {
  const times = { leaseMs: 400, beatMs: 50, waitMs: 2000 }
  const never = new AbortController().signal

  it('is held by one; its holder is asked to let go', async () => {
    const locker = createLeaseLocker(test.deps.db, times)
    const [first, second] = [locker.newLock('a'), locker.newLock('a')]
    let asked = false
    await first.lock(never, async () => {
      asked = true
      await first.unlock()
    })
    await second.lock(never, () => {})
    expect(asked).toBe(true)
    await second.unlock()
  })

  it('outlives its lease while its holder lives', async () => {
    const locker = createLeaseLocker(test.deps.db, times)
    const [first, second] = [
      locker.newLock('b'),
      createLeaseLocker(test.deps.db, { ...times, waitMs: 700 }).newLock('b'),
    ]
    await first.lock(never, () => {})
    await expect(second.lock(never, () => {})).rejects.toMatchObject({ status_code: 500 })
    await first.unlock()
  })

  it('ends by itself when its holder has died', async () => {
    await test.deps.db.query
      .insertInto('upload_locks')
      .values({
        name: 'c',
        holder: randomUUID(),
        expires_at: sql<Date>`now() + interval '300 milliseconds'`,
        wanted: false,
      })
      .execute()
    const lock = createLeaseLocker(test.deps.db, times).newLock('c')
    await lock.lock(never, () => {})
    await lock.unlock()
  })
})

describe('the intake record', () => {
  const made = async () => upload([{ path: 'a.svs', from: await garbage() }], false)
  const tell = (
    name: 'slides.deidentified' | 'slides.tiled' | 'slides.failed' | 'slides.tiling_failed',
    message: object,
  ) =>
    consumers(test.deps, store)[name]!.handle(
      { revision: 1, code: '', reason: '', ...message } as never,
      undefined as never,
    )
  const progress = (slideId: string, stage: string, fraction: number) =>
    followers(test.deps)[stage === 'tiling' ? 'pyramid.progress' : 'slides.progress']!({ slideId, stage, fraction })
  const stateOf = async (slideId: string) => (await findSlide(test.deps.db.query, slideId))!

  it('follows events, late and double ones harmlessly', async () => {
    const slideId = await made()
    await progress(slideId, 'deidentifying', 0)
    expect(await stateOf(slideId)).toMatchObject({ state: 'deidentifying' })
    await tell('slides.tiled', { slideId })
    await tell('slides.deidentified', { slideId })
    await progress(slideId, 'tiling', 0.4)
    expect(await stateOf(slideId)).toMatchObject({ state: 'ready', progress: 1 })
  })

  it('shows how far the work in hand is', async () => {
    const slideId = await made()
    await tell('slides.deidentified', { slideId })
    await progress(slideId, 'tiling', 0.4)
    expect(await stateOf(slideId)).toMatchObject({ state: 'tiling', progress: 0.4 })
  })

  it('quarantines, with the reason', async () => {
    const slideId = await made()
    await tell('slides.failed', {
      slideId,
      code: 'verification-failed',
      reason: 'De-identification could not be proven.',
    })
    expect(await stateOf(slideId)).toMatchObject({
      state: 'quarantined',
      reason: 'De-identification could not be proven.',
    })
  })

  it('is not made by news of an unknown slide', async () => {
    const slideId = randomUUID()
    await tell('slides.tiled', { slideId })
    await progress(slideId, 'tiling', 1)
    expect(await findSlide(test.deps.db.query, slideId)).toBeUndefined()
  })

  it('is listed newest first, page by page, by project, without deleted ones', async () => {
    const all = await listIntake(test.deps.db.query, { projects: ['*'], limit: 1000, cursor: '' })
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const page = await listIntake(test.deps.db.query, { projects: ['default'], limit: 3, cursor })
      seen.push(...page.slides.map(({ slide_id }) => slide_id))
      cursor = page.nextCursor
      if (cursor === '') break
    }
    expect(seen).toEqual(all.slides.map(({ slide_id }) => slide_id))
    expect(all.slides.map(({ received_at }) => received_at)).toEqual(
      all.slides.map(({ received_at }) => received_at).toSorted((a, b) => b.getTime() - a.getTime()),
    )
    await deleteIntake(test.deps, seen[0]!)
    const left = await listIntake(test.deps.db.query, { projects: ['*'], limit: 1000, cursor: '' })
    expect(left.slides.map(({ slide_id }) => slide_id)).toEqual(seen.slice(1))
    expect((await listIntake(test.deps.db.query, { projects: ['other'], limit: 10, cursor: '' })).slides).toEqual([])
    await expect(listIntake(test.deps.db.query, { projects: ['*'], limit: 1, cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})
