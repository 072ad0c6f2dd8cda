import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { toServiceError } from '@coverslip/platform/errors.ts'
import { Technique } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { listParts } from './builds.ts'
import { pyramidKey, type SlideRevision } from './keys.ts'
import { openScene, type Scene, type Task } from './scene.ts'
import { findPyramid, findReport } from './store.ts'

/** 2220 x 2967 px: nine parts of 1024 px. */
const SLIDE = 'svs/CMU-1-Small-Region.svs'
const PARTS = 9
const nine = (s: Scene) => s.deidentified(sharedSlide(SLIDE), 2220, 2967)
const partOf = (task: Task): number | undefined => ('part' in task.message ? task.message.part : undefined)

describe.skipIf(!sharedData)(`a build of several parts${unlessMissing}`, () => {
  let scene: Scene
  const sha256Of = async (slideId: string) => (await findPyramid(scene.deps.db.query, slideId))?.file?.sha256
  const reportOf = async (slideId: string) => JSON.parse((await findReport(scene.deps.db.query, slideId))!.report)
  const task = ({ slideId }: SlideRevision, part: number) =>
    scene.deps.db.query.updateTable('tasks').where('slide_id', '=', slideId).where('task', '=', part)

  beforeAll(async () => {
    scene = await openScene({ PYRAMID_PART_SIZE: '1024', PYRAMID_WINDOW: '3', PYRAMID_THREADS: '2' })
  })
  afterAll(() => scene.close())
  afterEach(async () => {
    await scene.asked()
    expect(await readdir(scene.deps.scratch)).toEqual([])
  })

  it('asks for a window of parts, for one more behind each, and once for the assembly', async () => {
    const message = await nine(scene)
    await scene.plan(message)
    const first = await scene.asked()
    expect(first.map(partOf)).toEqual([0, 1, 2])
    await scene.work(first[0]!)
    const second = await scene.asked()
    expect(second.map(partOf)).toEqual([3])
    for (let tasks = [...second, ...first.slice(1)]; tasks.length > 0; tasks = await scene.asked()) {
      const assembly = tasks.find(({ name }) => name === 'pyramid.assembly_wanted')
      if (assembly) expect((await listParts(scene.deps.db.query, message)).length).toBe(PARTS)
      for (const next of tasks) await scene.work(next)
    }
    expect(await scene.told(message.slideId)).toMatchObject([{ name: 'slides.tiled' }])
    expect(await scene.stored(message.slideId)).toEqual([pyramidKey(message)])
    expect((await reportOf(message.slideId)).parts).toEqual({ count: PARTS, repeated: 0 })
  })

  it('events twice, at once, late and out of order build each part once, and the same file', async () => {
    const straight = await nine(scene)
    await scene.handle(straight)
    const message = await nine(scene)
    await Promise.all([scene.plan(message), scene.plan(message)])
    const all: Task[] = []
    for (let tasks = await scene.asked(); tasks.length > 0; tasks = await scene.asked()) {
      all.push(...tasks)
      const twice = [...tasks, ...tasks].reverse()
      await Promise.all(twice.map(each => scene.work(each)))
    }
    expect(all.length).toBe(PARTS + 1)
    for (const late of all) await scene.work(late)
    expect(await sha256Of(message.slideId)).toBe(await sha256Of(straight.slideId))
    expect((await reportOf(message.slideId)).parts).toEqual({ count: PARTS, repeated: 0 })
    expect(await scene.told(message.slideId)).toHaveLength(1)
    expect(await scene.stored(message.slideId)).toEqual([pyramidKey(message)])
  })

  it('takes over what dead workers have stored: a part, and the pyramid', async () => {
    const message = await nine(scene)
    await scene.plan(message)
    const [first, ...others] = await scene.asked()
    await scene.work(first!)
    const [key] = await scene.stored(message.slideId)
    const before = await stat(join(scene.test.data, 'pyramid', key!))
    // As if the worker had died between the store and the database.
    await task(message, 0).set({ state: 'wanted', bytes: null, sha256: null }).execute()
    await scene.work(first!)
    expect((await stat(join(scene.test.data, 'pyramid', key!))).ino).toBe(before.ino)
    const assembly: Task[] = []
    for (let tasks = [...others, ...(await scene.asked())]; tasks.length > 0; tasks = await scene.asked()) {
      for (const each of tasks) {
        if (each.name === 'pyramid.assembly_wanted') assembly.push(each)
        else await scene.work(each)
      }
    }
    // Died behind the put: the pyramid is there, and nobody was told.
    const straight = await nine(scene)
    await scene.handle(straight)
    const made = join(scene.test.data, 'pyramid', pyramidKey(straight))
    await scene.deps.objects.pyramid.put(pyramidKey(message), await readFile(made))
    await scene.work(assembly[0]!)
    expect(await sha256Of(message.slideId)).toBe(await sha256Of(straight.slideId))
    expect(await scene.stored(message.slideId)).toEqual([pyramidKey(message)])
  })

  it('waits while another worker is on the part, and takes it when that one falls silent', async () => {
    const message = await nine(scene)
    await scene.plan(message)
    const [first] = await scene.asked()
    const dead = '00000000-0000-4000-8000-000000000000'
    await task(message, 0).set({ holder: dead, seen_at: sql<Date>`now() - interval '4500 milliseconds'` }).execute()
    const begun = performance.now()
    await scene.work(first!)
    expect(performance.now() - begun).toBeGreaterThan(1000)
    expect((await listParts(scene.deps.db.query, message)).map(({ attempts }) => attempts)).toEqual([1])
    await scene.delete(message.slideId)
  })

  it('a worker that stops gives its part back at once', async () => {
    const message = await nine(scene)
    await scene.plan(message)
    const [first] = await scene.asked()
    const stopping = new AbortController()
    const work = scene.work(first!, stopping.signal)
    setTimeout(() => stopping.abort(), 10)
    await expect(work).rejects.toThrow()
    expect(await scene.stored(message.slideId)).toEqual([])
    await scene.work(first!)
    expect((await scene.stored(message.slideId)).length).toBe(1)
    await scene.delete(message.slideId)
  })

  it('a deletion ends the work on a slide and leaves nothing, whenever it comes', async () => {
    const message = await nine(scene)
    await scene.plan(message)
    const tasks = await scene.asked()
    const work = Promise.allSettled(tasks.map(each => scene.work(each)))
    await scene.delete(message.slideId)
    await work
    // The bus brings them again.
    for (const each of tasks) await scene.work(each)
    await scene.work({ name: 'pyramid.assembly_wanted', message: { slideId: message.slideId, revision: 1 } })
    await scene.plan(message)
    expect(await scene.stored(message.slideId)).toEqual([])
    expect((await scene.told(message.slideId)).map(({ name }) => name)).toEqual(['slides.erased'])
    expect(await scene.deps.db.query.selectFrom('builds').selectAll().execute()).toEqual([])
  })

  it('tells how far it is, growing, with the time left in the end', async () => {
    const message = await scene.deidentified(sharedSlide('svs/aperio-7k-copied.svs'), 7200, 7200)
    await scene.handle(message)
    const told = scene.test.signals
      .map(({ message }) => message as { slideId: string; fraction: number; secondsLeft?: number })
      .filter(({ slideId }) => slideId === message.slideId)
    const fractions = told.map(({ fraction }) => fraction)
    expect(fractions.length).toBeGreaterThan(1)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    for (const { secondsLeft } of told) if (secondsLeft !== undefined) expect(secondsLeft).toBeGreaterThanOrEqual(0)
  })
})

describe.skipIf(!sharedData)(`the coding of a pyramid${unlessMissing}`, () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openScene()
  })
  afterAll(() => scene.close())

  const coded = async (settings: Parameters<Scene['configure']>[0], technique: Technique = Technique.HE) => {
    scene.configure({ PYRAMID_CODINGS: {}, PYRAMID_SSIM_FLOOR: 0, ...settings })
    const message = await nine(scene)
    const stain = { technique, stain: '', organ: '', diagnosis: '', scanner: '' }
    const failure = await scene.handle({ ...message, material: stain }).then(
      () => undefined,
      (error: unknown) => toServiceError(error),
    )
    const report = await findReport(scene.deps.db.query, message.slideId)
    return { failure, report: report && JSON.parse(report.report), stored: await scene.stored(message.slideId) }
  }
  const best = (floor: number) => ({ HE: { quality: 100, subsampling: '4:4:4' as const, floor } })

  it('follows the technique: full chroma and more quality where chroma tells', async () => {
    const { report } = await coded({}, Technique.IHC)
    expect(report).toMatchObject({ technique: 'IHC', coding: { quality: 70, subsampling: '4:4:4' } })
  })

  it('is lowered until the pyramid is not larger than the slide', async () => {
    const { report, stored } = await coded({ PYRAMID_CODINGS: best(30), PYRAMID_PART_SIZE: 2048 })
    expect(report.coding.quality).toBeLessThan(100)
    expect(report.sizes.pyramid).toBeLessThanOrEqual(report.sizes.original)
    expect(stored.length).toBe(1)
  })

  it('has a floor that blocks, in quality and in similarity', async () => {
    const refused = { code: 'unsupported', retryable: false }
    expect((await coded({ PYRAMID_CODINGS: best(100) })).failure).toMatchObject(refused)
    expect((await coded({ PYRAMID_SSIM_FLOOR: 0.9999 })).failure).toMatchObject(refused)
  })
})
