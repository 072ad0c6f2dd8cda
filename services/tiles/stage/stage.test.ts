import { mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { stageKey } from './copy.ts'
import { findSlides, pinSlides } from './pins.ts'
import { addSlide, openScene, openStage, type Scene, statesOf } from './scene.ts'
import type { Stage } from './stage.ts'

let scene: Scene
const open: Stage[] = []
beforeAll(async () => {
  scene = await openScene()
})
afterEach(async () => {
  for (const stage of open.splice(0)) await stage.stop()
  const { db, objects } = scene.deps
  await db.query.deleteFrom('staged').execute()
  await db.query.deleteFrom('pins').execute()
  await objects.stage.deletePrefix('staged/')
})
afterAll(() => scene?.close())

function start(changed: Parameters<typeof openStage>[1] = {}): Stage {
  const stage = openStage(scene, changed)
  open.push(stage)
  return stage
}
const until = (states: Record<string, string>) =>
  vi.waitFor(async () => expect(await statesOf(scene)).toEqual(states), { timeout: 20_000, interval: 20 })
const read = (objects: ReadableObjects, { key, body }: { key: string; body: Buffer }) =>
  objects.range(key, 0, body.length)
const copyOf = (key: string): string => join(scene.data, 'stage', stageKey(key))
/** Makes all views look old enough for their copies to leave. */
const longAgo = (key: string, minutes: number) =>
  scene.deps.db.query
    .updateTable('staged')
    .set({ viewed_at: sql<Date>`now() - make_interval(mins => ${minutes})` })
    .where('object_key', '=', key)
    .execute()

test('the first view is answered by the store; later ones by the copy that it caused', async () => {
  const slide = await addSlide(scene)
  const spared = vi.fn()
  const stage = start({ spared })
  const objects = stage.before(scene.deps.objects.pyramid)
  expect((await read(objects, slide)).equals(slide.body)).toBe(true)
  expect(spared).not.toHaveBeenCalled()
  await until({ [slide.key]: 'staged' })
  await scene.deps.objects.pyramid.deletePrefix(slide.key)
  expect((await read(objects, slide)).equals(slide.body)).toBe(true)
  expect(spared).toHaveBeenCalledWith(slide.body.length)
})

test('a process that starts later knows at its first read what is staged', async () => {
  const slide = await addSlide(scene)
  await read(start().before(scene.deps.objects.pyramid), slide)
  await until({ [slide.key]: 'staged' })
  await scene.deps.objects.pyramid.deletePrefix(slide.key)
  expect((await read(start().before(scene.deps.objects.pyramid), slide)).equals(slide.body)).toBe(true)
})

test('two processes whose readers open one slide copy it once', async () => {
  const slide = await addSlide(scene)
  const { pyramid } = scene.deps.objects
  const stream = vi.fn((...range: Parameters<ReadableObjects['stream']>) => pyramid.stream(...range))
  const [one, two] = [start({ pyramid: { stream }, copies: 2 }), start({ pyramid: { stream }, copies: 2 })]
  await Promise.all([one, two].map(stage => read(stage.before(pyramid), slide)))
  await until({ [slide.key]: 'staged' })
  expect(stream).toHaveBeenCalledTimes(1)
})

test('what differs from the announced checksum is never read from the stage, and does not stay there', async () => {
  const slide = await addSlide(scene, { sha256: '0'.repeat(64) })
  const objects = start().before(scene.deps.objects.pyramid)
  await read(objects, slide)
  await vi.waitFor(async () => {
    const row = await scene.deps.db.query.selectFrom('staged').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({ state: 'wanted', reason: expect.stringContaining('differed') })
    expect(row.not_before.getTime()).toBeGreaterThan(Date.now())
  })
  expect(await scene.deps.objects.stage.head(stageKey(slide.key))).toBeUndefined()
  expect((await read(objects, slide)).equals(slide.body)).toBe(true)
})

test('a process that died over a copy is followed by another, which trusts nothing it left', async () => {
  const slide = await addSlide(scene)
  await scene.deps.objects.stage.put(stageKey(slide.key), Buffer.from('half a pyramid'))
  await start({ copies: 0 }).before(scene.deps.objects.pyramid).range(slide.key, 0, 10)
  await scene.deps.db.query
    .updateTable('staged')
    .set({ state: 'copying', holder: 'dead', seen_at: sql<Date>`now() - interval '5 seconds'`, attempts: 1 })
    .execute()
  const objects = start().before(scene.deps.objects.pyramid)
  expect((await read(objects, slide)).equals(slide.body)).toBe(true)
  // A sign of life may still come within six seconds; after it, what lies there is found to be wrong and goes.
  await vi.waitFor(
    async () => {
      const row = await scene.deps.db.query.selectFrom('staged').selectAll().executeTakeFirstOrThrow()
      expect(row).toMatchObject({ state: 'wanted', reason: expect.stringContaining('differed') })
    },
    { timeout: 20_000 },
  )
  await scene.deps.db.query.updateTable('staged').set({ not_before: new Date() }).execute()
  start()
  await until({ [slide.key]: 'staged' })
  const copy = await scene.deps.objects.stage.range(stageKey(slide.key), 0, slide.body.length)
  expect(copy.equals(slide.body)).toBe(true)
})

test('the least recently viewed leave when there is no room; what is pinned or being read stays', async () => {
  const [pinned, old, older, reading] = [
    await addSlide(scene, { bytes: 240_000 }),
    await addSlide(scene, { bytes: 240_000 }),
    await addSlide(scene, { bytes: 240_000 }),
    await addSlide(scene, { bytes: 240_000 }),
  ]
  const { db, objects } = scene.deps
  const first = start()
  for (const slide of [pinned, old, older, reading]) await read(first.before(objects.pyramid), slide)
  await until({ [pinned.key]: 'staged', [old.key]: 'staged', [older.key]: 'staged', [reading.key]: 'staged' })
  await first.stop()
  await pinSlides(db, { name: 'course', user: 'u', slides: await findSlides(db, { slides: [pinned.slideId] }) })
  await longAgo(pinned.key, 90)
  await longAgo(old.key, 60)
  await longAgo(older.key, 70)

  const fresh = await addSlide(scene, { bytes: 240_000 })
  const stage = start()
  await read(stage.before(objects.pyramid), fresh)
  const kept = { [pinned.key]: 'staged', [old.key]: 'staged', [reading.key]: 'staged', [fresh.key]: 'staged' }
  await until(kept)
  expect(await objects.stage.head(stageKey(older.key))).toBeUndefined()

  // Three that stay whatever comes: one is pinned, two are being read.
  await longAgo(old.key, 0)
  const late = await addSlide(scene, { bytes: 240_000 })
  expect((await read(stage.before(objects.pyramid), late)).equals(late.body)).toBe(true)
  await until({ ...kept, [late.key]: 'wanted' })
})

test('a slide larger than the stage is read where it is', async () => {
  const slide = await addSlide(scene)
  const objects = start({ quota: 50_000 }).before(scene.deps.objects.pyramid)
  expect((await read(objects, slide)).equals(slide.body)).toBe(true)
  expect(await statesOf(scene)).toEqual({})
})

test('a copy that was removed or shortened behind our back costs nobody a tile', async () => {
  const [gone, short] = [await addSlide(scene), await addSlide(scene)]
  const objects = start().before(scene.deps.objects.pyramid)
  for (const slide of [gone, short]) await read(objects, slide)
  await until({ [gone.key]: 'staged', [short.key]: 'staged' })
  await rm(copyOf(gone.key))
  await truncate(copyOf(short.key), 1000)
  expect((await read(objects, gone)).equals(gone.body)).toBe(true)
  expect((await read(objects, short)).equals(short.body)).toBe(true)
  await vi.waitFor(async () => expect((await statesOf(scene))[gone.key]).toBe('wanted'))
})

test('a stage that is away loses nothing: tiles come from the store, and from the stage when it is back', async () => {
  const slide = await addSlide(scene)
  const spared = vi.fn()
  const objects = start({ spared }).before(scene.deps.objects.pyramid)
  await read(objects, slide)
  await until({ [slide.key]: 'staged' })
  const nas = join(scene.data, 'stage')
  await rename(nas, `${nas}-away`)
  await mkdir(nas)
  for (let i = 0; i < 3; i += 1) expect((await read(objects, slide)).equals(slide.body)).toBe(true)
  const erasing = open[0]!.erase(slide.slideId, async () => {})
  await expect(erasing).rejects.toMatchObject({ code: 'unavailable', retryable: true })
  await rm(nas, { recursive: true })
  await rename(`${nas}-away`, nas)
  expect(await statesOf(scene)).toEqual({ [slide.key]: 'staged' })
  spared.mockClear()
  const later = start({ spared }).before(scene.deps.objects.pyramid)
  expect((await read(later, slide)).equals(slide.body)).toBe(true)
  expect(spared).toHaveBeenCalledTimes(1)
})

test('a stage that hangs costs a moment once, whether a copy is being opened or is open', async () => {
  const slide = await addSlide(scene)
  const { stage, pyramid } = scene.deps.objects
  await read(start().before(pyramid), slide)
  await until({ [slide.key]: 'staged' })
  const hang = () => new Promise<never>(() => {})
  for (const open of [hang, async (key: string) => ({ ...(await stage.open!(key)), read: hang })]) {
    const objects = start({ stage: { ...stage, open } }).before(pyramid)
    const begun = performance.now()
    for (let i = 0; i < 3; i += 1) expect((await read(objects, slide)).equals(slide.body)).toBe(true)
    expect(performance.now() - begun).toBeGreaterThan(1400)
    expect(performance.now() - begun).toBeLessThan(2900)
  }
})

test('a new revision takes the place of the old one', async () => {
  const slide = await addSlide(scene)
  const stage = start()
  await read(stage.before(scene.deps.objects.pyramid), slide)
  await until({ [slide.key]: 'staged' })
  const next = await addSlide(scene, { slideId: slide.slideId, revision: 2 })
  await stage.tiled(slide.slideId)
  await until({ [next.key]: 'staged' })
  expect(await scene.deps.objects.stage.head(stageKey(slide.key))).toBeUndefined()
})

test('a deleted slide leaves nothing on the stage, and its copies are counted', async () => {
  const slide = await addSlide(scene)
  const stage = start()
  await read(stage.before(scene.deps.objects.pyramid), slide)
  await until({ [slide.key]: 'staged' })
  const note = vi.fn(async () => {})
  await stage.erase(slide.slideId, note)
  expect(note).toHaveBeenCalledWith({ objects: 1, rows: 1, bytes: slide.body.length })
  expect(await scene.deps.objects.stage.head(stageKey(slide.key))).toBeUndefined()
  expect(await statesOf(scene)).toEqual({})
})

test('a slide that is deleted while it is copied leaves nothing either', async () => {
  const slide = await addSlide(scene, { bytes: 400_000 })
  // Two seconds for the copy, two to read it back.
  const stage = start({ rate: 200_000 })
  await stage.before(scene.deps.objects.pyramid).range(slide.key, 0, 10)
  await until({ [slide.key]: 'copying' })
  await stage.erase(slide.slideId, async () => {})
  await stage.stop()
  expect(await scene.deps.objects.stage.head(stageKey(slide.key))).toBeUndefined()
})

test('copies that no row tells of are removed at a start; what else lies in the same place stays', async () => {
  const { stage } = scene.deps.objects
  await stage.put(stageKey('0b0f9f5e-0000-4000-8000-000000000000/1/pyramid.tiff'), Buffer.from('x'))
  await writeFile(join(scene.data, 'stage', 'notes.txt'), 'somebody else')
  start()
  await vi.waitFor(async () => {
    const keys: string[] = []
    for await (const { key } of stage.list('')) keys.push(key)
    expect(keys).toEqual(['notes.txt'])
  })
})

test('without a stage the store is what it is', async () => {
  const { openObjects } = await import('@coverslip/platform/objects/index.ts')
  const { pyramid } = scene.deps.objects
  const stage = start({ stage: await openObjects('none:') })
  expect(stage.before(pyramid)).toBe(pyramid)
})
