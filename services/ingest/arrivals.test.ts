import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startArrivals } from './arrivals.ts'
import { config } from './config.ts'
import { tidyUp } from './housekeeping.ts'
import { createLeaseLocker } from './lease-locker.ts'
import { intake } from './migrations/001-intake.ts'
import { deleteIntake, listIntake } from './records.ts'
import { beginUpload, finishUpload, forgetUpload } from './registration.ts'
import { consumers, followers } from './standing.ts'
import { findSlide, uploadsOf } from './store.ts'
import { openUploadStore, type UploadStore } from './upload-store.ts'
import type { IngestDeps } from './uploads.ts'

let test: TestDeps<IngestDeps>
let store: UploadStore
beforeAll(async () => {
  const environment = { UPLOAD_SET_TIMEOUT: '1h' }
  test = await openTestDeps<IngestDeps>({ name: 'ingest', config, migrations: [intake], environment })
  store = await openUploadStore(test.deps.objects.source)
  await mkdir(join(test.data, 'source/.uploads'), { recursive: true })
})
afterAll(() => test.close())

interface File {
  path: string
  from: string
}

/** Uploads files as tus leaves them, up to the note that all bytes are there. */
async function upload(files: File[], finish = true): Promise<string> {
  const set = randomUUID()
  let slideId = ''
  for (const { path, from } of files) {
    const uploadId = randomUUID()
    const metadata = {
      filename: path,
      project: 'default',
      set: files.length > 1 ? { id: set, path, size: files.length } : null,
    }
    slideId = await test.deps.db.transaction(trx =>
      beginUpload(trx, { uploadId, uploader: 'u1', metadata, size: null, traceparent: null }),
    )
    await copyFile(from, join(test.data, 'source/.uploads', uploadId))
    await writeFile(join(test.data, 'source/.uploads', `${uploadId}.json`), '{}')
    if (finish) await test.deps.db.transaction(trx => finishUpload(trx, uploadId, 1))
  }
  return slideId
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const found = await look()
    if (found) return found
    await sleep(50)
  }
  throw new Error('it did not happen in 10 s')
}

/** Runs the worker until the slide has arrived. */
async function arrive(slideId: string) {
  const worker = startArrivals(test.deps, store)
  try {
    return await until(async () => {
      const slide = await findSlide(test.deps.db.query, slideId)
      return slide?.arrival === 'arrived' && slide
    })
  } finally {
    await worker.stop()
  }
}

const eventsOf = async (slideId: string) =>
  (await test.events()).filter(({ message }) => 'slideId' in message && message.slideId === slideId)
const keysOf = async (slideId: string) => {
  const keys = []
  for await (const { key } of test.deps.objects.source.list(`${slideId}/`)) keys.push(key.slice(slideId.length + 1))
  return keys
}
const garbage = async () => {
  const path = join(test.data, 'garbage')
  await writeFile(path, 'this is a text, whatever its name says')
  return path
}

describe.skipIf(!sharedData)(`arrival${unlessMissing}`, () => {
  it('makes an object of a file, recognises it by content and announces it', async () => {
    const slideId = await upload([{ path: 'DOE JANE.txt', from: sharedSlide('svs/small.svs') }])
    expect(await arrive(slideId)).toMatchObject({ state: 'received', format: 'aperio', source_name: 'DOE JANE.txt' })
    expect(await keysOf(slideId)).toEqual(['1/source'])
    const events = await eventsOf(slideId)
    expect(events).toMatchObject([
      { name: 'slides.received', message: { sourceKeys: [`${slideId}/1/source`], format: 'aperio' } },
    ])
    expect(JSON.stringify(events, (_key, value) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(
      /DOE/,
    )
    const [file] = await uploadsOf(test.deps.db.query, slideId)
    expect(file!.sha256).toBe('01ab0fea0c0bf62e67e22f2f754c4be40c16a286d112584a7edd6e2e49014122')
    expect(await readdir(join(test.data, 'source/.uploads'))).toEqual([])
  })

  it('puts the files of an MRXS slide beside each other', async () => {
    const folder = sharedSlide('mrxs/mirax-3k-stitching')
    const parts = (await readdir(folder)).map(name => ({ path: `DOE/${name}`, from: join(folder, name) }))
    const slideId = await upload([...parts, { path: 'DOE.mrxs', from: `${folder}.mrxs` }])
    expect(await arrive(slideId)).toMatchObject({ state: 'received', format: 'mirax', source_name: 'DOE.mrxs' })
    expect(await keysOf(slideId)).toEqual(
      expect.arrayContaining(['1/slide.mrxs', '1/slide/Slidedat.ini', '1/slide/Data0000.dat']),
    )
    const [event] = await eventsOf(slideId)
    expect(event!.message).toMatchObject({ sourceKeys: expect.arrayContaining([`${slideId}/1/slide.mrxs`]) })
  })

  it('goes on where a process died, whichever step it had reached', async () => {
    const slideId = await upload([
      { path: 'a.svs', from: sharedSlide('svs/small.svs') },
      { path: 'a.xml', from: sharedSlide('annotations/imagescope/imagescope_utils_test.xml') },
    ])
    const [svs, xml] = await uploadsOf(test.deps.db.query, slideId)
    // One file was moved and noted, the other was moved without its note, and the claim is still there.
    await store.moveTo(svs!.upload_id, `${slideId}/1/source`)
    await test.deps.objects.source.putFile(
      `${slideId}/1/annotations.xml`,
      join(test.data, 'source/.uploads', xml!.upload_id),
    )
    await test.deps.db.query
      .updateTable('slides')
      .set({ claimed_until: sql<Date>`now() + interval '1 second'` })
      .where('slide_id', '=', slideId)
      .execute()
    expect(await arrive(slideId)).toMatchObject({ state: 'received', format: 'aperio' })
    expect(await keysOf(slideId)).toEqual(['1/annotations.xml', '1/source'])
    expect(await eventsOf(slideId)).toHaveLength(1)
    expect(await readdir(join(test.data, 'source/.uploads'))).toEqual([])
  }, 20_000)

  it.each(['svs/broken.svs', 'tiff/unopenable.tiff', 'ome-tiff/multi-channel-z-series.ome.tif'])(
    'ends %s as failed, with a reason',
    async file => {
      const slideId = await upload([{ path: 'DOE.svs', from: sharedSlide(file) }])
      const slide = await arrive(slideId)
      expect(slide).toMatchObject({ state: 'failed', code: expect.any(String) })
      expect(slide.reason).toMatch(/\w+ \w+/)
      expect(slide.reason).not.toMatch(/DOE|source|[/\\]/)
      expect(await eventsOf(slideId)).toEqual([])
      expect(await keysOf(slideId)).toEqual(['1/source'])
    },
  )

  it('removes what arrives after its deletion', async () => {
    const slideId = await upload([{ path: 'a.svs', from: sharedSlide('svs/CMU-1-Small-Region.svs') }])
    const worker = startArrivals(test.deps, store)
    await deleteIntake(test.deps, slideId)
    await worker.stop()
    await consumers(test.deps, store)['slides.deleted']!.handle({ slideId }, undefined as never)
    expect(await keysOf(slideId)).toEqual([])
    expect(await findSlide(test.deps.db.query, slideId)).toBeUndefined()
    expect((await eventsOf(slideId)).at(-1)!.name).toBe('slides.deleted')
  })
})

describe('arrival of what is no slide', () => {
  it('a text file named .svs fails as such', async () => {
    const slideId = await upload([{ path: 'DOE.svs', from: await garbage() }])
    expect(await arrive(slideId)).toMatchObject({ state: 'failed', code: 'not-a-slide' })
  })

  it('files that do not belong together fail, and are kept', async () => {
    const from = await garbage()
    const slideId = await upload([
      { path: 'a.svs', from },
      { path: 'b.svs', from },
    ])
    expect(await arrive(slideId)).toMatchObject({ state: 'failed', code: 'unsupported' })
    expect(await keysOf(slideId)).toEqual(['1/extra/0', '1/extra/1'])
  })
})

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
    followers(test.deps)['slides.progress']!({ slideId, stage, fraction })
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
