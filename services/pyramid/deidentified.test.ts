import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toServiceError } from '@coverslip/platform/errors.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { qualityReport } from '@coverslip/proto/api/quality.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pyramidKey } from './keys.ts'
import { openScene, type Scene } from './scene.ts'
import { findPyramid, findReport } from './store.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene.close())
afterEach(async () => {
  expect(await readdir(scene.deps.scratch)).toEqual([])
})

describe.skipIf(!sharedData)(`slides.deidentified${unlessMissing}`, () => {
  it('makes the pyramid of an original, once, and leaves nothing else', async () => {
    const message = await scene.deidentified(sharedSlide('svs/CMU-1-Small-Region.svs'), 2220, 2967)
    await scene.handle(message)
    await scene.handle(message)
    const key = pyramidKey(message)
    expect(await scene.told(message.slideId)).toMatchObject([
      {
        name: 'slides.tiled',
        message: {
          revision: 1,
          pyramid: { key, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
          geometry: { width: 2220, height: 2967, mpp: { x: expect.closeTo(0.499, 4) }, objectivePower: 20 },
          tileSize: 256,
        },
      },
    ])
    const pyramid = await findPyramid(scene.deps.db.query, message.slideId)
    expect(pyramid!.file!.geometry.levels[1]).toEqual({ width: 1110, height: 1484 })
    expect(pyramid!.file!.sha256).toBe(await fileSha256(join(scene.test.data, 'pyramid', key)))
    expect(await scene.stored(message.slideId)).toEqual([key])
    expect(await scene.deps.db.query.selectFrom('tasks').selectAll().execute()).toEqual([])
  })

  it('reports what the pyramid costs and how near it is to the slide', async () => {
    const message = await scene.deidentified(sharedSlide('svs/CMU-1-Small-Region.svs'), 2220, 2967)
    await scene.handle({ ...message, sourceBytes: 4_000_000n })
    const found = await findReport(scene.deps.db.query, message.slideId)
    const report = qualityReport.parse(JSON.parse(found!.report))
    const { bytes, sha256 } = (await findPyramid(scene.deps.db.query, message.slideId))!.file!
    expect(report).toMatchObject({
      slide: message.slideId,
      coding: { quality: 50, subsampling: '4:2:0' },
      sizes: { source: 4_000_000, original: Number(message.file!.bytes), pyramid: bytes, pixels: 2220 * 2967 * 3 },
      checksums: { original: message.file!.sha256, pyramid: sha256 },
      reduction: { ofSource: Number(((1 - bytes / 4_000_000) * 100).toFixed(1)) },
      parts: { count: 1, repeated: 0 },
      bytes: { stored: bytes },
    })
    expect(report.levels[0]!.ssim).toBeGreaterThan(0.85)
    expect(report.levels[0]!.psnr).toBeGreaterThan(28)
    expect(report.seconds.cpu).toBeGreaterThan(0)
    expect(report.energy.wattHours.computing).toBeCloseTo((report.seconds.cpu / 3600) * 10, 3)
  })

  it('only checks and announces what de-identification has made', async () => {
    const message = await scene.deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    const path = join(scene.test.data, 'made.tiff')
    await convert(sharedSlide('tiff/CMU-1-small.tiff'), path)
    const key = pyramidKey(message)
    const file = { key, bytes: 1n, sha256: await fileSha256(path) }
    await scene.deps.objects.pyramid.putFile(key, path)
    const made = { ...message, rendition: Rendition.PYRAMID, file }
    const other = { ...made, file: { ...file, sha256: '0'.repeat(64) } }
    await expect(scene.handle(other)).rejects.toMatchObject({ code: 'unsupported' })
    await scene.handle(made)
    expect(await scene.told(message.slideId)).toMatchObject([
      { name: 'slides.tiled', message: { pyramid: { key, sha256: file.sha256 } } },
    ])
    const { report } = (await findReport(scene.deps.db.query, message.slideId))!
    expect(qualityReport.parse(JSON.parse(report))).toMatchObject({ coding: null, levels: [] })
  })

  it('fails for good on a file that is no pyramid, and on an original that was exchanged', async () => {
    const message = await scene.deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    const key = pyramidKey(message)
    await scene.deps.objects.pyramid.put(key, Buffer.from('no pyramid'))
    const made = { ...message, rendition: Rendition.PYRAMID, file: { key, bytes: 1n, sha256: '' } }
    expect(toServiceError(await scene.plan(made).catch(error => error)).retryable).toBe(false)
    const exchanged = await scene.deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    await writeFile(join(scene.test.data, 'original', exchanged.file!.key), 'another file')
    await expect(scene.plan(exchanged)).rejects.toMatchObject({ code: 'damaged' })
  })

  it('tells once why tiling failed, by the code of the file', async () => {
    const message = await scene.deidentified(sharedSlide('svs/unreadable.svs'), 16, 16)
    await scene.asked()
    await scene.plan(message)
    const [task] = await scene.asked()
    const failure = toServiceError(await scene.work(task!).catch((error: unknown) => error))
    expect(failure.retryable).toBe(false)
    await scene.fail(task!, failure)
    await scene.fail(task!, failure)
    expect(await scene.told(message.slideId)).toMatchObject([
      { name: 'slides.tiling_failed', message: { revision: 1, stage: 'tiling', code: 'damaged' } },
    ])
    expect(await scene.stored(message.slideId)).toEqual([])
    await scene.work(task!)
  })

  it('forgets a deleted slide for good, late events included', async () => {
    const message = await scene.deidentified(sharedSlide('tiff/CMU-1-small.tiff'), 718, 514)
    await scene.handle(message)
    const { slideId } = message
    await scene.delete(slideId)
    await scene.handle(message)
    await scene.handle({ ...message, revision: 2 })
    expect(await scene.stored(slideId)).toEqual([])
    expect(await findPyramid(scene.deps.db.query, slideId)).toBeUndefined()
    expect(await findReport(scene.deps.db.query, slideId)).toBeUndefined()
    expect((await scene.told(slideId)).map(({ name }) => name)).toEqual(['slides.tiled', 'slides.erased'])
  })
})
