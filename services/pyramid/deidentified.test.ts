import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toServiceError } from '@coverslip/platform/errors.ts'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { config } from './config.ts'
import { onDeidentified, onDeleted, type PyramidDeps } from './deidentified.ts'
import { pyramids } from './migrations/001-pyramids.ts'
import { findPyramid, knownState } from './store.ts'

let test: TestDeps<PyramidDeps>
beforeAll(async () => {
  test = await openTestDeps<PyramidDeps>({ name: 'pyramid', config, migrations: [pyramids] })
})
afterAll(() => test.close())
afterEach(async () => {
  expect(await readdir(test.deps.scratch)).toEqual([])
})

const context = (signal = new AbortController().signal) => ({ signal, deliveryCount: 1, traceparent: undefined })
const keyOf = (slideId: string) => `${slideId}/1/pyramid.tiff`

async function deidentified(file: string, width: number, height: number): Promise<SlideDeidentified> {
  const slideId = randomUUID()
  const key = `${slideId}/1/original.svs`
  await mkdir(join(test.data, 'original', slideId, '1'), { recursive: true })
  await copyFile(file, join(test.data, 'original', key))
  return {
    slideId,
    revision: 1,
    project: 'default',
    rendition: Rendition.ORIGINAL,
    file: { key, bytes: 1n, sha256: '' },
    format: 'aperio',
    geometry: { width, height, levels: [] },
    pseudonyms: undefined,
    sourceBytes: 1n,
    reportJson: '{}',
    release: undefined,
    material: undefined,
    moreFiles: [],
  }
}

const handle = (message: SlideDeidentified) => onDeidentified(test.deps).handle(message, context())
const eventsOf = async (slideId: string) =>
  (await test.events()).filter(({ message }) => 'slideId' in message && message.slideId === slideId)

describe.skipIf(!sharedData)(`slides.deidentified${unlessMissing}`, () => {
  it('makes the pyramid of an original, once', async () => {
    const message = await deidentified(sharedSlide('svs/CMU-1-Small-Region.svs'), 2220, 2967)
    await handle(message)
    await handle(message)
    const events = await eventsOf(message.slideId)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      name: 'slides.tiled',
      message: {
        revision: 1,
        pyramid: { key: keyOf(message.slideId), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        geometry: { width: 2220, height: 2967, mpp: { x: expect.closeTo(0.499, 4) }, objectivePower: 20 },
        tileSize: 256,
      },
    })
    const pyramid = await findPyramid(test.deps.db.query, message.slideId)
    expect(pyramid!.file!.geometry.levels[1]).toEqual({ width: 1110, height: 1484 })
    const told = test.signals.map(({ message }) => (message as { fraction: number }).fraction)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
  })

  it('only checks and announces what de-identification has made', async () => {
    const message = await deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    const path = join(test.data, 'made.tiff')
    await convert(sharedSlide('tiff/CMU-1-small.tiff'), path)
    const key = keyOf(message.slideId)
    await test.deps.objects.pyramid.putFile(key, path)
    await handle({ ...message, rendition: Rendition.PYRAMID, file: { key, bytes: 1n, sha256: '' } })
    expect(await eventsOf(message.slideId)).toMatchObject([{ name: 'slides.tiled', message: { pyramid: { key } } }])
  })

  it('takes over the pyramid of an attempt that died before it could tell', async () => {
    const message = await deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    await handle(message)
    await test.deps.db.query.deleteFrom('pyramids').where('slide_id', '=', message.slideId).execute()
    await handle(message)
    const [first, second] = await eventsOf(message.slideId)
    expect(second!.message).toEqual(first!.message)
  })

  it('fails for good on a file that is no pyramid and on one of another slide', async () => {
    const message = await deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    const key = keyOf(message.slideId)
    await test.deps.objects.pyramid.put(key, Buffer.from('no pyramid'))
    const made = { ...message, rendition: Rendition.PYRAMID, file: { key, bytes: 1n, sha256: '' } }
    expect(toServiceError(await handle(made).catch(error => error)).retryable).toBe(false)
    const other = await deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 999, 514)
    await expect(handle(other)).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('tells once why tiling failed, by the code of the file', async () => {
    const message = await deidentified(sharedSlide('svs/unreadable.svs'), 16, 16)
    const failure = toServiceError(await handle(message).catch((error: unknown) => error))
    expect(failure.retryable).toBe(false)
    await onDeidentified(test.deps).failed!(message, failure)
    await onDeidentified(test.deps).failed!(message, failure)
    expect(await eventsOf(message.slideId)).toMatchObject([
      { name: 'slides.tiling_failed', message: { revision: 1, stage: 'tiling', code: 'damaged' } },
    ])
    expect(await test.deps.objects.pyramid.head(keyOf(message.slideId))).toBeUndefined()
  })

  it('stops when the process stops, and leaves nothing', async () => {
    const message = await deidentified(sharedSlide('svs/aperio-7k-copied.svs'), 7200, 7200)
    const stopping = new AbortController()
    const work = onDeidentified(test.deps).handle(message, context(stopping.signal))
    setTimeout(() => stopping.abort(), 200)
    await expect(work).rejects.toThrow()
    expect(await test.deps.objects.pyramid.head(keyOf(message.slideId))).toBeUndefined()
    expect(await knownState(test.deps.db.query, message.slideId, 1)).toBeUndefined()
  })

  it('forgets a deleted slide for good, late events included', async () => {
    const message = await deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    await handle(message)
    const { slideId } = message
    await onDeleted(test.deps).handle({ slideId, reason: 'deleted' }, context())
    await handle(message)
    await handle({ ...message, revision: 2 })
    expect(await test.deps.objects.pyramid.head(keyOf(slideId))).toBeUndefined()
    expect(await findPyramid(test.deps.db.query, slideId)).toBeUndefined()
    expect(await eventsOf(slideId)).toHaveLength(1)
  })
})
