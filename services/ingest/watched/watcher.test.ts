/** A scanner's folder: real files, looked at in short steps. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  appendFile,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startArrivals } from '../arrivals/arrivals.ts'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import { deleteIntake } from '../records.ts'
import { consumers } from '../standing.ts'
import { uploadsOf } from '../store.ts'
import { openTestIngest, type TestIngest } from '../testing.ts'
import { beginCopy } from './copying.ts'
import { findWatched } from './finding.ts'
import { listWatched } from './list.ts'
import { known } from './memory.ts'
import { lookAt } from './watcher.ts'

const XML = sharedSlide('annotations/imagescope/imagescope_utils_test.xml')
let opened: TestIngest
let arriving: Arriving
let folder: string
let project: string

beforeAll(async () => {
  opened = await openTestIngest({})
})
afterAll(() => opened.test.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-watched-'))
  project = `p${randomUUID()}`
  settle({})
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Begins with other settings: a folder and a project of this test's own. */
function settle(settings: Partial<IngestDeps['config']>): void {
  const { deps } = opened.arriving
  const own = { WATCH_FOLDERS: [{ path: folder, project }], WATCH_SETTLE: 30, ...settings }
  arriving = { ...opened.arriving, deps: { ...deps, config: { ...deps.config, ...own } } }
}

const never = new AbortController().signal
/** Looks until what stands still has been taken. */
async function look(times = 4): Promise<void> {
  for (let i = 0; i < times; i++) {
    await lookAt(arriving, { path: folder, project }, () => {}, never)
    await sleep(20)
  }
}
const listed = async () => (await listWatched(arriving.deps, arriving.hash, [project])).folders[0]!
const slides = () =>
  opened.test.deps.db.query
    .selectFrom('slides')
    .selectAll()
    .where('project', '=', project)
    .orderBy('received_at')
    .execute()
/** Runs the worker until every slide has arrived. */
async function arrive() {
  const worker = startArrivals(arriving)
  await expect
    .poll(async () => (await slides()).every(({ arrival }) => arrival === 'arrived'), { timeout: 10_000 })
    .toBe(true)
  await worker.stop()
  return slides()
}
async function allOf<T>(found: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of found) all.push(one)
  return all
}
async function scan(name: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await copyFile(sharedSlide('svs/CMU-1-Small-Region.svs'), path)
  await appendFile(path, randomUUID())
  return path
}
const eventsOf = async (slideId: string) =>
  (await opened.test.events())
    .filter(({ message }) => 'slideId' in message && message.slideId === slideId)
    .map(({ name }) => name)
const pathsOf = async (slideId: string) => (await uploadsOf(opened.test.deps.db.query, slideId)).map(({ path }) => path)

describe.skipIf(!sharedData)(`a slide in a watched folder${unlessMissing}`, () => {
  it('is taken once, when it has stopped growing; its file is as it was', async () => {
    const path = await scan('2026/DOE^JANE.svs')
    const before = await stat(path)
    await look(1)
    await appendFile(path, 'still growing')
    await look(2)
    expect(await slides()).toEqual([])
    expect(await listed()).toMatchObject({
      taken: 0,
      settling: 1,
      problem: null,
      waiting: [{ name: '2026/DOE^JANE.svs', state: 'settling' }],
    })
    await look()
    const [slide] = await arrive()
    expect(slide).toMatchObject({ project, state: 'received', source_name: 'DOE^JANE.svs', format: 'aperio' })
    await look(5)
    expect(await slides()).toHaveLength(1)
    expect(await listed()).toMatchObject({ taken: 1, settling: 0, waiting: [] })
    const after = await stat(path)
    expect([after.ino, after.size]).toEqual([before.ino, before.size + 13])
    const stored = await opened.test.deps.objects.source.range(`${slide!.slide_id}/1/source`, 0, after.size)
    expect(stored.equals(await readFile(path))).toBe(true)
  })

  it('comes with its folder and its annotations', async () => {
    const from = sharedSlide('mrxs/mirax-3k-stitching')
    await cp(from, join(folder, 'DOE'), { recursive: true })
    await copyFile(`${from}.mrxs`, join(folder, 'DOE.mrxs'))
    await copyFile(XML, join(folder, 'doe.XML'))
    await look()
    const [slide, another] = await arrive()
    expect(another).toBeUndefined()
    expect(slide).toMatchObject({ state: 'received', format: 'mirax', source_name: 'DOE.mrxs' })
    expect(await pathsOf(slide!.slide_id)).toEqual(expect.arrayContaining(['DOE.mrxs', 'DOE/Slidedat.ini', 'doe.XML']))
    expect(await eventsOf(slide!.slide_id)).toContain('slides.annotation_received')
  })

  it('comes as a zip, once that is complete', async () => {
    const slide = await scan('inner.svs')
    execFileSync('zip', ['-q', 'made.zip', 'inner.svs'], { cwd: folder })
    const zip = await readFile(join(folder, 'made.zip'))
    await rm(slide)
    await rm(join(folder, 'made.zip'))
    await writeFile(join(folder, 'DOE.zip'), zip.subarray(0, zip.length - 10))
    await look()
    expect(await listed()).toMatchObject({ waiting: [{ name: 'DOE.zip', reason: expect.stringMatching(/archive/) }] })
    await writeFile(join(folder, 'DOE.zip'), zip)
    await look()
    expect(await arrive()).toMatchObject([{ state: 'received', source_name: 'inner.svs', format: 'aperio' }])
  })

  it('gets annotations that are drawn later, and those that are changed', async () => {
    await scan('a.svs')
    await look()
    await arrive()
    await copyFile(XML, join(folder, 'a.xml'))
    await look()
    await appendFile(join(folder, 'a.xml'), '\n')
    await look()
    const [slide, another] = await slides()
    expect(another).toBeUndefined()
    const worker = startArrivals(arriving)
    const told = async () =>
      (await eventsOf(slide!.slide_id)).filter(name => name === 'slides.annotation_received').length
    await expect.poll(told, { timeout: 10_000 }).toBe(2)
    await worker.stop()
    expect((await uploadsOf(opened.test.deps.db.query, slide!.slide_id)).length).toBe(3)
  })

  it('that is incomplete waits with the reason, is refused in the end, and is taken when it comes whole', async () => {
    const whole = await readFile(sharedSlide('svs/CMU-1-Small-Region.svs'))
    const path = join(folder, 'DOE.svs')
    await writeFile(path, whole.subarray(0, 20_000))
    await look()
    expect(await listed()).toMatchObject({
      settling: 0,
      unreadable: 1,
      waiting: [{ name: 'DOE.svs', state: 'unreadable', reason: expect.stringMatching(/\w+ \w+/) }],
    })
    settle({ WATCH_PATIENCE: 50 })
    // The next try is due.
    await opened.test.deps.db.query
      .updateTable('watched')
      .set({ next_at: null })
      .where('name', '=', 'DOE.svs')
      .execute()
    await look(1)
    expect(await listed()).toMatchObject({ refused: 1, waiting: [{ state: 'refused' }] })
    await look()
    await writeFile(path, whole)
    await look(5)
    expect(await arrive()).toMatchObject([{ state: 'received' }])
    expect(await listed()).toMatchObject({ refused: 0, taken: 1 })
  })

  it('is copied on where a process died, and is one slide', async () => {
    const path = await scan('DOE.svs')
    await look(1)
    const [found] = await allOf(findWatched(folder))
    const { place } = known(arriving.hash, { path: folder, project }, found!)
    const { db } = opened.test.deps
    const slideId = await db.transaction(trx => beginCopy(trx, { project, files: found!.files, traceparent: null }))
    await db.query
      .updateTable('watched')
      .set({ state: 'copying', slide_id: slideId })
      .where('place', '=', place)
      .execute()
    const [upload] = await uploadsOf(db.query, slideId)
    const half = join(opened.test.data, 'source/.uploads', upload!.upload_id)
    await writeFile(half, (await readFile(path)).subarray(0, 100_000))
    await writeFile(`${half}.json`, JSON.stringify({ id: upload!.upload_id, size: found!.files[0]!.bytes, offset: 0 }))
    await look(1)
    expect(await arrive()).toMatchObject([{ slide_id: slideId, state: 'received', format: 'aperio' }])
    const stored = await opened.test.deps.objects.source.localFile(`${slideId}/1/source`, '')
    expect((await readFile(stored.path)).equals(await readFile(path))).toBe(true)
  })

  it('that changes while it is copied is not taken before it stands still again', async () => {
    const path = await scan('DOE.svs')
    await look(1)
    const [found] = await allOf(findWatched(folder))
    const { place } = known(arriving.hash, { path: folder, project }, found!)
    const { db } = opened.test.deps
    const slideId = await db.transaction(trx => beginCopy(trx, { project, files: found!.files, traceparent: null }))
    await db.query
      .updateTable('watched')
      .set({ state: 'copying', slide_id: slideId })
      .where('place', '=', place)
      .execute()
    await appendFile(path, 'more')
    await look(5)
    const after = await arrive()
    expect(after).toMatchObject([{ state: 'received' }])
    expect(after[0]!.slide_id).not.toBe(slideId)
    expect(await readdir(join(opened.test.data, 'source/.uploads'))).toEqual([])
  })

  it('that is renamed is the duplicate that it is; one that vanishes leaves the slide', async () => {
    const path = await scan('a.svs')
    await look()
    await arrive()
    await rename(path, join(folder, 'b.svs'))
    await look()
    const states = async () => (await arrive()).map(({ state, code }) => [state, code])
    expect(await states()).toEqual([
      ['received', null],
      ['failed', 'duplicate'],
    ])
    await rm(join(folder, 'b.svs'))
    await look(2)
    expect(await states()).toEqual([
      ['received', null],
      ['failed', 'duplicate'],
    ])
  })

  it('that somebody deleted does not come again, and its name is forgotten', async () => {
    await scan('DOE.svs')
    await look()
    const [slide] = await arrive()
    await deleteIntake(opened.test.deps, slide!.slide_id)
    const gone = { slideId: slide!.slide_id, reason: 'deleted' }
    await consumers(opened.test.deps, opened.store)['slides.deleted']!.handle(gone, undefined as never)
    await look()
    expect(await slides()).toEqual([])
    const rows = await opened.test.deps.db.query
      .selectFrom('watched')
      .selectAll()
      .where('slide_id', '=', slide!.slide_id)
      .execute()
    expect(rows).toMatchObject([{ state: 'taken', name: null }])
    expect(JSON.stringify(rows)).not.toContain('DOE')
  })

  it('waits for room, and says so', async () => {
    settle({ INGEST_FREE_FLOOR: 2 ** 50 })
    await scan('DOE.svs')
    await look()
    expect(await slides()).toEqual([])
    expect(await listed()).toMatchObject({ settling: 1, problem: expect.stringMatching(/free space/) })
  })

  it('is not found through a link that leads out; links inside change nothing', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'coverslip-outside-'))
    await copyFile(sharedSlide('svs/CMU-1-Small-Region.svs'), join(outside, 'DOE.svs'))
    await symlink(join(outside, 'DOE.svs'), join(folder, 'link.svs'))
    await symlink(outside, join(folder, 'elsewhere'))
    await scan('a.svs')
    await symlink(join(folder, 'a.svs'), join(folder, 'again.svs'))
    await symlink(folder, join(folder, 'circle'))
    await look()
    expect((await arrive()).map(({ source_name }) => source_name)).toEqual(['a.svs'])
    expect(await listed()).toMatchObject({
      refused: 1,
      waiting: [{ name: 'link.svs', reason: expect.stringMatching(/leads out/) }],
    })
    await rm(outside, { recursive: true })
  })
})

describe('a watched folder', () => {
  it('that is away is a problem that is told, and passes', async () => {
    await rm(folder, { recursive: true })
    await look(1)
    expect((await listed()).problem).toBe('It is not there')
    await mkdir(folder)
    await look(1)
    expect((await listed()).problem).toBeNull()
  })

  it('is shown to those who may see its project', async () => {
    const list = (projects: string[]) => listWatched(arriving.deps, arriving.hash, projects)
    expect((await list(['lung'])).folders).toEqual([])
    expect((await list(['*'])).folders).toMatchObject([{ folder, project, lookedAt: null }])
  })

  it('holds other files that nobody asked for', async () => {
    for (const name of ['notes.txt', '.hidden.svs', 'a.json', 'b.xml']) await writeFile(join(folder, name), name)
    await look()
    expect(await listed()).toMatchObject({ settling: 0, taken: 0, refused: 0 })
  })
})
