import { buffer } from 'node:stream/consumers'
import { costsView } from '@coverslip/proto/api/costs.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addSlide, openScene, type Scene } from '../stage/scene.ts'
import { renditionName } from '../store.ts'
import { costsOf } from './costs.ts'
import { EXAMPLE_PRICES } from './prices.ts'
import { startUsage } from './usage.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene?.close())

const factors = { wattHoursPerGbMoved: 1, wattHoursPerTbHour: 0.65 }

test('bytes by tier, reads by purpose, summed over processes and restarts', async () => {
  const { db, objects, log } = scene.deps
  const slide = await addSlide(scene, { bytes: 10_000 })
  const pyramid = await db.query.selectFrom('renditions').selectAll().executeTakeFirstOrThrow()
  const original = { ...pyramid, name: renditionName(1, 'original'), kind: 'original' as const, bytes: 80_000 }
  const json = { more_keys: '[]', geometry: JSON.stringify(pyramid.geometry) }
  await db.query
    .insertInto('renditions')
    .values({ ...original, ...json })
    .execute()

  for (const process of [startUsage({ db, log }), startUsage({ db, log })]) {
    const tiles = process.metered(objects.pyramid, 'tiles')
    await tiles.range(slide.key, 0, 1000)
    expect((await buffer(await process.metered(objects.pyramid, 'downloads').stream(slide.key))).length).toBe(10_000)
    process.counter('served')(2500)
    await process.stop()
  }
  const usage = startUsage({ db, log })
  await usage.metered(objects.pyramid, 'tiles').range(slide.key, 0, 500)
  const stores = { original: objects.pyramid, pyramid: objects.pyramid, stage: objects.stage }
  const prices = { ...EXAMPLE_PRICES, cloudEgressGb: 1000 }
  const view = await costsOf({ db, usage, stores, prices, factors })
  await usage.stop()
  expect(costsView.parse(view)).toEqual(view)
  expect(view.tiers).toEqual({
    original: { objects: 1, bytes: 80_000, place: 'here' },
    pyramid: { objects: 1, bytes: 10_000, place: 'here' },
    stage: { objects: 0, bytes: 0, place: 'here' },
  })
  expect(view.pixelBytes).toBe(1000 * 800 * 3)
  expect(view.usage).toMatchObject({
    days: 1,
    tiles: { requests: 3, bytes: 2500 },
    downloads: { requests: 2, bytes: 20_000 },
    served: { requests: 2, bytes: 5000 },
    staging: { requests: 0, bytes: 0 },
  })
  expect(view.estimate.noCompression!.egress).toBeCloseTo(view.estimate.everythingInTheCloud.egress * 8, 4)
})

test('what cannot be saved is saved later', async () => {
  const { db, log } = scene.deps
  const broken = { ...db, query: db.query.withSchema('nowhere') }
  const usage = startUsage({ db: broken, log })
  usage.counter('staging')(700)
  await expect(usage.save()).rejects.toThrow()
  usage.counter('staging')(300)
  broken.query = db.query
  await usage.stop()
  const saved = await db.query.selectFrom('usage').selectAll().where('purpose', '=', 'staging').execute()
  expect(saved).toEqual([{ day: expect.any(String), purpose: 'staging', requests: 2, bytes: 1000 }])
})
