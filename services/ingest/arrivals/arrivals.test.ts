import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hostileSlides } from '@coverslip/wsi/synthetic/hostile.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deleteIntake } from '../records.ts'
import { consumers } from '../standing.ts'
import { findSlide, uploadsOf } from '../store.ts'
import { openTestIngest, type TestIngest } from '../testing.ts'
import { startArrivals } from './arrivals.ts'

let test: TestIngest['test']
let store: TestIngest['store']
let upload: TestIngest['upload']
let arriving: TestIngest['arriving']
beforeAll(async () => {
  ;({ test, store, upload, arriving } = await openTestIngest({ UPLOAD_SET_TIMEOUT: '1h', INGEST_DUPLICATES: 'keep' }))
})
afterAll(() => test.close())

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
  const worker = startArrivals(arriving)
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
    expect(file!.mac).toMatch(/^[0-9a-f]{64}$/)
    // The bare hash of the file is nowhere.
    expect(file!.mac).not.toBe('01ab0fea0c0bf62e67e22f2f754c4be40c16a286d112584a7edd6e2e49014122')
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
      `${slideId}/1/annotations-1.xml`,
      join(test.data, 'source/.uploads', xml!.upload_id),
    )
    await test.deps.db.query
      .updateTable('slides')
      .set({ claimed_until: sql<Date>`now() + interval '1 second'` })
      .where('slide_id', '=', slideId)
      .execute()
    expect(await arrive(slideId)).toMatchObject({ state: 'received', format: 'aperio' })
    expect(await keysOf(slideId)).toEqual(['1/annotations-1.xml', '1/source'])
    const names = (await eventsOf(slideId)).map(({ name }) => name)
    expect(names).toEqual(['slides.received', 'slides.annotation_received'])
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

  it('goes on where another worker, that had lost its claim, moved the file meanwhile', async () => {
    const slideId = await upload([{ path: 'a.svs', from: sharedSlide('svs/small.svs') }])
    const moved: string[] = []
    const local: typeof store.local = async (uploadId, scratch) => {
      await store.moveTo(uploadId, `${slideId}/1/source`)
      moved.push(uploadId)
      return store.local(uploadId, scratch)
    }
    const worker = startArrivals({ ...arriving, store: { ...store, local } })
    try {
      const slide = await until(async () => {
        const found = await findSlide(test.deps.db.query, slideId)
        return found?.arrival === 'arrived' && found
      })
      expect([moved.length, slide.state, slide.reason]).toEqual([1, 'received', null])
    } finally {
      await worker.stop()
    }
  })

  it('removes what arrives after its deletion', async () => {
    const slideId = await upload([{ path: 'a.svs', from: sharedSlide('svs/CMU-1-Small-Region.svs') }])
    const worker = startArrivals(arriving)
    await deleteIntake(test.deps, slideId)
    await worker.stop()
    await consumers(test.deps, store)['slides.deleted']!.handle({ slideId, reason: 'deleted' }, undefined as never)
    expect(await keysOf(slideId)).toEqual([])
    expect(await findSlide(test.deps.db.query, slideId)).toBeUndefined()
    const names = (await eventsOf(slideId)).map(({ name }) => name)
    expect(names.slice(-2)).toEqual(['slides.deleted', 'slides.erased'])
  })
})

describe.skipIf(!sharedData)(`arrival of hostile files${unlessMissing}`, () => {
  it('ends each as failed with a reason; the next slide arrives all the same', async () => {
    const slide = await readFile(sharedSlide('svs/CMU-1-Small-Region.svs'))
    for (const [name, bytes] of Object.entries(hostileSlides(slide))) {
      const path = join(test.data, name)
      await writeFile(path, bytes)
      const failed = await arrive(await upload([{ path: 'DOE.svs', from: path }]))
      expect([name, failed.state]).toEqual([name, 'failed'])
      expect(failed.reason).toMatch(/\w+ \w+/)
    }
    const slideId = await upload([{ path: 'a.svs', from: sharedSlide('svs/small.svs') }])
    expect(await arrive(slideId)).toMatchObject({ state: 'received', format: 'aperio' })
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
