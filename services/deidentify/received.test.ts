import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ServiceError, toServiceError } from '@coverslip/platform/errors.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import type { SlideDeidentified, SlideReceived } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { config } from './config.ts'
import { migrations } from './migrations/index.ts'
import { type DeidentifyDeps, onDeleted, onReceived } from './received.ts'
import { report } from './report/report.ts'
import { findSlide } from './store.ts'
import { nothingKnown } from './testing.ts'

let test: TestDeps<DeidentifyDeps>
beforeAll(async () => {
  const environment = { REVIEW_GATE: 'off' }
  test = await openTestDeps<DeidentifyDeps>({ name: 'deidentify', config, migrations, environment, rpc: nothingKnown })
})
afterAll(() => test.close())
afterEach(async () => {
  expect(await readdir(test.deps.scratch)).toEqual([])
})

const context = () => ({ signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined })

/** A source as ingest leaves it: the file, and its folder for MRXS. */
async function receive(file: string, format: string): Promise<SlideReceived> {
  const slideId = randomUUID()
  const folder = join(test.data, 'source', slideId, '1')
  await mkdir(folder, { recursive: true })
  const head = file.endsWith('.mrxs') ? 'slide.mrxs' : 'source'
  await copyFile(file, join(folder, head))
  const parts = file.endsWith('.mrxs') ? await readdir(file.slice(0, -'.mrxs'.length)) : []
  if (parts.length > 0) await mkdir(join(folder, 'slide'))
  for (const part of parts) await copyFile(join(file.slice(0, -'.mrxs'.length), part), join(folder, 'slide', part))
  const sourceKeys = [head, ...parts.map(part => `slide/${part}`)].map(name => `${slideId}/1/${name}`)
  return {
    slideId,
    project: 'default',
    sourceKeys,
    bytes: 1n,
    format,
    pseudonyms: undefined,
    material: undefined,
    researchNumber: '',
  }
}

const handle = (message: SlideReceived) => onReceived(test.deps).handle(message, context())
const eventsOf = async (slideId: string) =>
  (await test.events()).filter(({ message }) => 'slideId' in message && message.slideId === slideId)

describe.skipIf(!sharedData)(`slides.received${unlessMissing}`, () => {
  it('makes, proves and announces the original of an SVS, once', async () => {
    const message = await receive(sharedSlide('svs/aperio-4k-rgb240-classic.svs'), 'aperio')
    await handle(message)
    await handle(message)
    const events = await eventsOf(message.slideId)
    expect(events.map(({ name }) => name)).toEqual(['slides.deidentified'])
    expect(events[0]!.message).toMatchObject({
      revision: 1,
      rendition: Rendition.ORIGINAL,
      file: { key: `${message.slideId}/1/original.svs` },
      format: 'aperio',
      geometry: { width: 4000, height: 3000, mpp: { x: 0.499, y: 0.499 }, objectivePower: 20 },
    })
    const slide = await findSlide(test.deps.db.query, message.slideId)
    const told = report.parse(JSON.parse(slide!.report!))
    expect(told).toMatchObject({ method: 'in-place', sha256: slide!.file!.sha256, counts: { images: 3 } })
    expect((await test.deps.objects.original.head(slide!.file!.key))?.size).toBe(slide!.file!.bytes)
  })

  it('stores all files of a slide that consists of several, and the report beside them', async () => {
    const message = await receive(sharedSlide('mrxs/mirax-3k-stitching.mrxs'), 'mirax')
    await handle(message)
    const [event] = await eventsOf(message.slideId)
    const prefix = `${message.slideId}/1/`
    const told = { rendition: Rendition.ORIGINAL, file: { key: `${prefix}original.mrxs` }, format: 'mirax' }
    expect(event!.message).toMatchObject(told)
    const stored: string[] = []
    for await (const { key } of test.deps.objects.original.list(prefix)) stored.push(key.slice(prefix.length))
    expect(stored).toEqual([
      'deidentification.html',
      'deidentification.json',
      'original.mrxs',
      ...['Data0000.dat', 'Index.dat', 'Slidedat.ini'].map(name => `original/${name}`),
    ])
    expect((event!.message as SlideDeidentified).moreFiles.map(({ key }) => key.slice(prefix.length))).toEqual(
      stored.slice(3),
    )
    const { planted } = JSON.parse(await readFile(sharedSlide('mrxs/mirax-3k-stitching.mrxs.gen.json'), 'utf8'))
      .made as { planted: string[] }
    for (const name of stored) {
      const bytes = await readFile(join(test.data, 'original', prefix, name))
      for (const text of planted) expect(bytes.includes(text)).toBe(false)
    }
  })

  it('takes over the object of an attempt that died before it could tell', async () => {
    const message = await receive(sharedSlide('svs/small.svs'), 'aperio')
    await handle(message)
    await test.deps.db.query.deleteFrom('slides').where('slide_id', '=', message.slideId).execute()
    await handle(message)
    const [first, second] = await eventsOf(message.slideId)
    expect(second!.message).toEqual(first!.message)
  })

  it('replaces a stored object that nobody was told of when it is another', async () => {
    const message = await receive(sharedSlide('svs/small.svs'), 'aperio')
    const key = `${message.slideId}/1/original.svs`
    await test.deps.objects.original.put(key, Buffer.from('of an older version'))
    await handle(message)
    const slide = await findSlide(test.deps.db.query, message.slideId)
    expect((await test.deps.objects.original.head(key))?.size).toBe(slide!.file!.bytes)
  })

  it('forgets a deleted slide for good, late events included', async () => {
    const message = await receive(sharedSlide('svs/small.svs'), 'aperio')
    await handle(message)
    await onDeleted(test.deps).handle({ slideId: message.slideId, reason: 'deleted' }, context())
    await handle(message)
    expect(await test.deps.objects.original.head(`${message.slideId}/1/original.svs`)).toBeUndefined()
    expect(await findSlide(test.deps.db.query, message.slideId)).toMatchObject({
      state: 'deleted',
      report: null,
      project: '',
    })
    const names = (await eventsOf(message.slideId)).map(({ name }) => name)
    expect(names).toEqual(['slides.deidentified', 'slides.erased'])
  })

  it('does not announce a slide that is deleted while it is in work', async () => {
    const message = await receive(sharedSlide('svs/CMU-1-Small-Region.svs'), 'aperio')
    const work = handle(message)
    await onDeleted(test.deps).handle({ slideId: message.slideId, reason: 'deleted' }, context())
    await work
    expect(await test.deps.objects.original.head(`${message.slideId}/1/original.svs`)).toBeUndefined()
    expect((await eventsOf(message.slideId)).map(({ name }) => name)).toEqual(['slides.erased'])
  })

  it('tells once why a slide failed, in words and by code', async () => {
    const message = await receive(sharedSlide('tiff/unopenable.tiff'), 'generic-tiff')
    const error: unknown = await handle(message).catch(error => error)
    const failure = toServiceError(error)
    expect(failure.retryable).toBe(false)
    await onReceived(test.deps).failed!(message, failure)
    await onReceived(test.deps).failed!(message, failure)
    expect(await eventsOf(message.slideId)).toMatchObject([
      { name: 'slides.failed', message: { stage: 'deidentifying', code: 'unsupported', revision: 1 } },
    ])
  })

  it('says what is missing for a source that is gone', async () => {
    const message = await receive(sharedSlide('svs/small.svs'), 'aperio')
    await test.deps.objects.source.localFile(message.sourceKeys[0]!, test.deps.scratch)
    message.sourceKeys = [`${message.slideId}/1/gone`]
    await expect(handle(message)).rejects.toThrow(ServiceError)
  })
})
