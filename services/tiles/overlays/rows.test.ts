import { randomUUID } from 'node:crypto'
import { openCache } from '@coverslip/platform/cache/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTileCache } from '../cache/tile-cache.ts'
import { slideConsumers } from '../slides/consumers.ts'
import { addSlide, openScene, openStage, type Scene } from '../stage/scene.ts'
import { createOverlays } from './overlays.ts'
import { countOverlays, type NewOverlay } from './rows.ts'
import { packSteps } from './steps.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene?.close())

const newOverlay = async (): Promise<NewOverlay> => ({
  id: randomUUID(),
  name: 'Tumour',
  ...{ x: 0, y: 0, width: 100, height: 100, columns: 2, rows: 1, low: 0, high: 1, min: 0, max: 1 },
  steps: await packSteps(new Uint16Array([1, 65_535])),
  createdBy: 'u1',
})

test('with a slide its heat maps go, are counted, and none comes after', async () => {
  const { db, publish, site } = scene.deps
  const slides = await Promise.all([addSlide(scene, { bytes: 1000 }), addSlide(scene, { bytes: 1000 })])
  const [gone, kept] = slides.map(({ slideId }) => slideId) as [string, string]
  const overlays = createOverlays(db)
  for (const slideId of [gone, gone, kept]) await overlays.save(slideId, await newOverlay())
  const [first] = await overlays.list(gone)
  expect((await overlays.grids(first!)).map(({ steps }) => [...steps])).toEqual([[1, 65_535], [32_768]])
  const { bytes } = await countOverlays(db, gone)

  const stage = openStage(scene, { copies: 0 })
  const cache = createTileCache(await openCache('memory:'), { memoryBytes: () => 1000, ttlSeconds: 1 })
  const known = { forget: () => {} } as never
  const consumers = slideConsumers({ db, site, publish, slides: known, cache, stage })
  const context = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }
  const event = { slideId: gone, revision: 1, project: 'default' } as never
  // Twice: an event may come again.
  for (let i = 0; i < 2; i += 1) await consumers['slides.deleted']!.handle(event, context)
  expect(await countOverlays(db, gone)).toEqual({ rows: 0, bytes: 0 })
  expect((await countOverlays(db, kept)).rows).toBe(1)
  const told = (await scene.events()).filter(({ name }) => name === 'slides.erased')
  expect(told.map(({ message }) => message)).toMatchObject([{ slideId: gone, rows: 3n, bytes: BigInt(bytes) }])
  await expect(overlays.save(gone, await newOverlay())).rejects.toMatchObject({ code: 'not-found' })
  await stage.stop()
})

test('a slide has so many heat maps and no more', async () => {
  const { db } = scene.deps
  const { slideId } = await addSlide(scene, { bytes: 1000 })
  const overlays = createOverlays(db)
  for (let i = 0; i < 50; i += 1) await overlays.save(slideId, await newOverlay())
  await expect(overlays.save(slideId, await newOverlay())).rejects.toMatchObject({ code: 'conflict' })
  const [first] = await overlays.list(slideId)
  await overlays.delete(slideId, first!.id)
  await overlays.save(slideId, await newOverlay())
  expect(await overlays.list(slideId)).toHaveLength(50)
})
