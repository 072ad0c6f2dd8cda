/** What arrives twice, in a zip, with annotations, late, or is held: the records and events of it. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tidyUp } from '../housekeeping.ts'
import type { Subjects } from '../module-deps.ts'
import { consumers } from '../standing.ts'
import { findSlide, uploadsOf } from '../store.ts'
import { admitAll, openTestIngest, type TestIngest } from '../testing.ts'
import { finishUpload } from '../uploads/registration.ts'
import { askAgain } from './admission.ts'
import { startArrivals } from './arrivals.ts'
import { beginLateFile, findSlideOf } from './late-files.ts'

let opened: TestIngest
const told: { held: string[]; ledger: string } = { held: [], ledger: '' }
const subjects: Subjects = {
  admit: async request => ({
    ...(await admitAll.admit(request)),
    admitted: told.held.length === 0,
    heldBy: told.held,
    pseudonyms: { subject: 'P1', case: '', specimen: '', block: '', glass: '' },
  }),
  findBySourceName: async () => ({ slideId: told.ledger, ledger: true }),
}
beforeAll(async () => {
  opened = await openTestIngest({ UPLOAD_SET_TIMEOUT: '1h' }, subjects)
})
afterAll(() => opened.test.close())

const slideOf = async (slideId: string) => (await findSlide(opened.test.deps.db.query, slideId))!
const eventsOf = async (slideId: string) =>
  (await opened.test.events()).filter(({ message }) => 'slideId' in message && message.slideId === slideId)
const keysOf = async (slideId: string) => {
  const keys = []
  for await (const { key } of opened.test.deps.objects.source.list(`${slideId}/`)) keys.push(key.slice(37))
  return keys
}

/** Runs the worker until the slide is no longer on its way in. */
async function arrive(slideId: string) {
  const worker = startArrivals(opened.arriving)
  try {
    const done = async () => ['arrived', 'held'].includes((await slideOf(slideId)).arrival)
    await expect.poll(done, { timeout: 10_000 }).toBe(true)
    return await slideOf(slideId)
  } finally {
    await worker.stop()
  }
}
/** A copy of a small slide with a few more bytes behind it: one that nobody has sent before. */
async function newSlide(): Promise<string> {
  const path = join(opened.test.data, `${randomUUID()}.svs`)
  await copyFile(sharedSlide('svs/CMU-1-Small-Region.svs'), path)
  await writeFile(path, randomUUID(), { flag: 'a' })
  return path
}
const deidentified = (slideId: string) =>
  consumers(opened.test.deps, opened.store)['slides.deidentified']!.handle(
    { slideId, revision: 1, release: { name: 'HE-7Q', scheme: 's', owner: '', at: '' } } as never,
    undefined as never,
  )

describe.skipIf(!sharedData)(`a slide that came before${unlessMissing}`, () => {
  it('fails as a duplicate that names the first, and its bytes go', async () => {
    const from = await newSlide()
    const first = await opened.upload([{ path: 'DOE.svs', from }])
    expect(await arrive(first)).toMatchObject({ state: 'received', mac: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const second = await opened.upload([{ path: 'renamed.svs', from }])
    expect(await arrive(second)).toMatchObject({
      state: 'failed',
      code: 'duplicate',
      reason: `The project has this slide already, as ${first}.`,
      mac: null,
    })
    expect(await keysOf(second)).toEqual([])
    expect(await eventsOf(second)).toEqual([])
    expect((await slideOf(second)).source_removed_at).not.toBeNull()
  })

  it('is taken again after the first failed, or was deleted', async () => {
    const from = await newSlide()
    const first = await opened.upload([{ path: 'a.svs', from }])
    await arrive(first)
    const failed = { slideId: first, revision: 1, stage: '', code: 'damaged', reason: 'x' }
    const act = consumers(opened.test.deps, opened.store)
    await act['slides.failed']!.handle(failed, undefined as never)
    const second = await opened.upload([{ path: 'a.svs', from }])
    expect(await arrive(second)).toMatchObject({ state: 'received' })
    await act['slides.deleted']!.handle({ slideId: second, reason: 'deleted' }, undefined as never)
    const third = await opened.upload([{ path: 'a.svs', from }])
    expect(await arrive(third)).toMatchObject({ state: 'received' })
  })

  it('one of two that come at once is the first', async () => {
    const from = await newSlide()
    const ids = [await opened.upload([{ path: 'a.svs', from }]), await opened.upload([{ path: 'b.svs', from }])]
    for (const id of ids) await arrive(id)
    const states = await Promise.all(ids.map(async id => (await slideOf(id)).state))
    expect(states.toSorted()).toEqual(['failed', 'received'])
  })

  it('is recognised in a zip, as what it is without one', async () => {
    const from = await newSlide()
    const folder = await mkdtemp(join(opened.test.data, 'zip-'))
    await copyFile(from, join(folder, 'inner.svs'))
    await copyFile(sharedSlide('annotations/imagescope/imagescope_utils_test.xml'), join(folder, 'inner.xml'))
    execFileSync('zip', ['-q', 'DOE.zip', 'inner.svs', 'inner.xml'], { cwd: folder })
    const first = await opened.upload([{ path: 'DOE.zip', from: join(folder, 'DOE.zip') }])
    expect(await arrive(first)).toMatchObject({ state: 'received', format: 'aperio', source_name: 'inner.svs' })
    expect(await keysOf(first)).toEqual(['1/annotations-1.xml', '1/source'])
    expect((await eventsOf(first)).map(({ name }) => name)).toEqual(['slides.received', 'slides.annotation_received'])
    expect((await opened.store.list()).size).toBe(0)
    const second = await opened.upload([{ path: 'a.svs', from }])
    expect(await arrive(second)).toMatchObject({ code: 'duplicate' })
  })
})

describe('an archive that is no slide', () => {
  it('fails with the reason', async () => {
    const folder = await mkdtemp(join(opened.test.data, 'zip-'))
    for (const name of ['a.svs', 'b.svs']) await writeFile(join(folder, name), name)
    execFileSync('zip', ['-q', 'DOE.zip', 'a.svs', 'b.svs'], { cwd: folder })
    const slideId = await opened.upload([{ path: 'DOE.zip', from: join(folder, 'DOE.zip') }])
    expect(await arrive(slideId)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/do not make up a slide/),
    })
    const torn = join(folder, 'torn.zip')
    await writeFile(torn, 'PK\x03\x04 and no end')
    const damaged = await opened.upload([{ path: 'DOE.svs', from: torn }])
    expect(await arrive(damaged)).toMatchObject({ state: 'failed', code: 'damaged' })
  })
})

describe.skipIf(!sharedData)(`a slide that a rule holds${unlessMissing}`, () => {
  it('waits with the rules as its reason, and goes on when the rules let it', async () => {
    const slideId = await opened.upload([{ path: 'DOE.svs', from: await newSlide() }])
    told.held = ['consent: it is not known']
    expect(await arrive(slideId)).toMatchObject({
      state: 'held',
      reason: 'consent: it is not known',
      pseudonyms: { subject: 'P1' },
      research_number: 'R-1',
    })
    expect(await eventsOf(slideId)).toEqual([])
    expect(await askAgain(opened.test.deps, 'another')).toBe(false)
    told.held = []
    expect(await askAgain(opened.test.deps, 'default')).toBe(true)
    expect(await arrive(slideId)).toMatchObject({ state: 'received', reason: null })
    expect((await eventsOf(slideId)).map(({ name }) => name)).toEqual(['slides.received'])
    expect(await askAgain(opened.test.deps, 'default')).toBe(false)
  })

  it('what changes while it is asked is asked again', async () => {
    const slideId = await opened.upload([{ path: 'DOE.svs', from: await newSlide() }])
    let asked = 0
    const admit: Subjects['admit'] = async request => {
      asked += 1
      if (asked > 1) return admitAll.admit(request)
      await askAgain(opened.test.deps, 'default')
      return { ...(await admitAll.admit(request)), admitted: false, heldBy: ['consent'] }
    }
    const worker = startArrivals({ ...opened.arriving, subjects: { ...subjects, admit } })
    await expect.poll(async () => (await slideOf(slideId)).arrival, { timeout: 10_000 }).toBe('arrived')
    await worker.stop()
    expect(asked).toBe(2)
  })
})

describe.skipIf(!sharedData)(`annotations that come later${unlessMissing}`, () => {
  const xml = sharedSlide('annotations/imagescope/imagescope_utils_test.xml')
  async function sendLate(slideId: string, filename: string) {
    const uploadId = randomUUID()
    await opened.test.deps.db.transaction(trx => beginLateFile(trx, { uploadId, slideId, filename, size: null }))
    await copyFile(xml, join(opened.test.data, 'source/.uploads', uploadId))
    await opened.test.deps.db.transaction(trx => finishUpload(trx, uploadId, 1))
    const before = (await eventsOf(slideId)).length
    const worker = startArrivals(opened.arriving)
    await expect.poll(async () => (await eventsOf(slideId)).length, { timeout: 10_000 }).toBe(before + 1)
    await worker.stop()
  }

  it('belong to the slide of the same name while it is on its way, and are numbered', async () => {
    const name = randomUUID()
    const slideId = await opened.upload([{ path: `${name}.svs`, from: await newSlide() }])
    await arrive(slideId)
    expect(await findSlideOf(opened.arriving, 'default', `${name.toUpperCase()}.XML`)).toBe(slideId)
    await sendLate(slideId, 'DOE.XML')
    await sendLate(slideId, 'DOE.geojson')
    expect(await keysOf(slideId)).toEqual(['1/annotations-1.xml', '1/annotations-2.geojson', '1/source'])
    const keys = (await eventsOf(slideId)).flatMap(({ message }) => ('sourceKey' in message ? [message.sourceKey] : []))
    expect(keys).toEqual([`${slideId}/1/annotations-1.xml`, `${slideId}/1/annotations-2.geojson`])
    expect(JSON.stringify(await uploadsOf(opened.test.deps.db.query, slideId))).not.toContain('DOE')
  })

  it('are matched by the ledger after the release, when intake has forgotten every name', async () => {
    const name = randomUUID()
    const slideId = await opened.upload([
      { path: `${name}.svs`, from: await newSlide() },
      { path: `${name}.xml`, from: xml },
    ])
    await arrive(slideId)
    await deidentified(slideId)
    expect(await slideOf(slideId)).toMatchObject({ source_name: null, research_number: null, release_name: 'HE-7Q' })
    expect(JSON.stringify(await uploadsOf(opened.test.deps.db.query, slideId))).not.toContain(name)
    await expect(findSlideOf(opened.arriving, 'default', `${name}.xml`)).rejects.toMatchObject({ code: 'not-found' })
    told.ledger = slideId
    expect(await findSlideOf(opened.arriving, 'default', `${name}.xml`)).toBe(slideId)
    told.ledger = ''
    await sendLate(slideId, 'a.xml')
    expect(await keysOf(slideId)).toEqual(['1/annotations-1.xml', '1/annotations-2.xml', '1/source'])
  })

  it('may be on their way while their slide is released', async () => {
    const slideId = await opened.upload([{ path: 'a.svs', from: await newSlide() }])
    await arrive(slideId)
    const uploadId = randomUUID()
    const late = { uploadId, slideId, filename: 'DOE.geojson', size: null }
    await opened.test.deps.db.transaction(trx => beginLateFile(trx, late))
    await deidentified(slideId)
    await copyFile(xml, join(opened.test.data, 'source/.uploads', uploadId))
    await opened.test.deps.db.transaction(trx => finishUpload(trx, uploadId, 1))
    const worker = startArrivals(opened.arriving)
    await expect.poll(() => keysOf(slideId), { timeout: 10_000 }).toContain('1/annotations-1.geojson')
    await worker.stop()
  })

  it('nobody goes on with are forgotten; the slide stays', async () => {
    const slideId = await opened.upload([{ path: 'a.svs', from: await newSlide() }])
    await arrive(slideId)
    const uploadId = randomUUID()
    const late = { uploadId, slideId, filename: 'a.xml', size: 5 }
    await opened.test.deps.db.transaction(trx => beginLateFile(trx, late))
    await writeFile(join(opened.test.data, 'source/.uploads', uploadId), 'ab')
    await opened.test.deps.db.query
      .updateTable('uploads')
      .set({ created_at: new Date(Date.now() - 2 * 3_600_000) })
      .where('upload_id', '=', uploadId)
      .execute()
    expect(await opened.store.list()).toContain(uploadId)
    await tidyUp(opened.test.deps, opened.store, () => {})
    expect(await opened.store.list()).not.toContain(uploadId)
    expect(await slideOf(slideId)).toMatchObject({ state: 'received' })
  })
})
