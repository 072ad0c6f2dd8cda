import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import type { Db } from '@coverslip/platform/db/port.ts'
import { startTelemetry } from '@coverslip/platform/telemetry.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '../migrations/index.ts'
import type { Rendition } from '../renditions/rendition.ts'
import { deleteSlide, type RenditionKind, saveReleaseName, saveRendition, type Tables } from '../store.ts'
import { openSlides } from './slides.ts'

let folder: string
let database: Awaited<ReturnType<typeof openDatabase>>
let db: Db<Tables>
const telemetry = await startTelemetry({ service: 'tiles', otlpUrl: '' })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-slides-'))
  database = await openDatabase(`pglite:${join(folder, 'db')}`)
  db = await database.open<Tables>('tiles', migrations)
})
afterAll(async () => {
  await database?.close()
  await telemetry.close()
  await rm(folder, { recursive: true, force: true })
})

async function save(slideId: string, revision: number, kind: RenditionKind, side = 1000): Promise<void> {
  const file = { format: 'generic-tiff', key: `${slideId}/${revision}/${kind}`, moreKeys: [], bytes: 1, sha256: 'ab' }
  const picture = { width: side, height: side, tileSize: 256, geometry: Geometry.fromPartial({}) }
  await saveRendition(db, { slideId, project: 'p', revision, kind, ...file, ...picture }, undefined)
}

/** Opens nothing, and counts. */
function counting(limits = { most: 10, idleMs: 60_000, indexBytes: 0 }) {
  const counts = { opened: 0, closed: 0 }
  const openRendition = async (): Promise<Rendition> => {
    counts.opened += 1
    await sleep(5)
    const close = async () => {
      counts.closed += 1
    }
    return { close } as unknown as Rendition
  }
  return { counts, slides: openSlides({ db, openRendition, telemetry }, limits) }
}

test('the newest revision is shown first, its pyramid before its original; the others keep their names', async () => {
  await save('a', 1, 'original')
  const { slides } = counting()
  expect((await slides.current('a')).name).toBe('1-original')
  await save('a', 1, 'pyramid')
  slides.forget('a')
  expect((await slides.current('a')).name).toBe('1')
  await save('a', 2, 'original')
  slides.forget('a')
  expect((await slides.find('a')).renditions.map(({ name }) => name)).toEqual(['2-original', '1', '1-original'])
  expect((await slides.rendition('a', '1')).kind).toBe('pyramid')
  await expect(slides.rendition('a', '3')).rejects.toMatchObject({ code: 'not-found' })
  slides.close()
})

test('a deleted slide is gone, and stays so when its events come late', async () => {
  await save('b', 1, 'pyramid')
  expect((await deleteSlide(db, 'b'))?.renditions).toHaveLength(1)
  await save('b', 2, 'pyramid')
  const { slides } = counting()
  await expect(slides.current('b')).rejects.toMatchObject({ code: 'not-found' })
  expect(await deleteSlide(db, 'b')).toBeUndefined()
  slides.close()
})

test('what is remembered is the same object until the slide changes', async () => {
  await save('c', 1, 'pyramid')
  const { slides } = counting()
  const first = await slides.current('c')
  const known = slides.known('c')!
  expect(slides.isFresh(known)).toBe(true)
  known.readAt -= 2000
  expect(slides.isFresh(known)).toBe(true)
  await known.reading
  expect(await slides.current('c')).toBe(first)
  known.readAt -= 5000
  await deleteSlide(db, 'c')
  expect(slides.isFresh(known)).toBe(false)
  await known.reading
  expect(slides.isFresh(known)).toBe(false)
  slides.close()
})

test('a slide is opened once for all who ask, and closed when nobody does', async () => {
  await save('d', 1, 'pyramid')
  const { slides, counts } = counting({ most: 10, idleMs: 1000, indexBytes: 0 })
  const rendition = await slides.current('d')
  await Promise.all(Array.from({ length: 20 }, () => slides.open(rendition)))
  expect(counts).toEqual({ opened: 1, closed: 0 })
  expect(slides.opened(rendition)).toBeDefined()
  await expect.poll(() => counts.closed, { timeout: 5000 }).toBe(1)
  expect(slides.opened(rendition)).toBeUndefined()
  slides.close()
})

test('no more slides are open than may be, and large ones count for more', async () => {
  const { slides, counts } = counting({ most: 5, idleMs: 60_000, indexBytes: 0 })
  for (let i = 0; i < 12; i += 1) {
    await save(`e${i}`, 1, 'pyramid')
    await slides.open(await slides.current(`e${i}`))
  }
  await sleep(20)
  expect(counts).toEqual({ opened: 12, closed: 7 })
  slides.close()
  const large = counting({ most: 1000, idleMs: 60_000, indexBytes: 64 * 2 ** 20 })
  for (let i = 0; i < 6; i += 1) {
    await save(`f${i}`, 1, 'pyramid', 400_000)
    await large.slides.open(await large.slides.current(`f${i}`))
  }
  await sleep(20)
  expect(large.counts).toEqual({ opened: 6, closed: 2 })
  large.slides.close()
})

test('readers go on while the database is away, but not with what has been deleted', async () => {
  await save('away', 1, 'pyramid')
  let gone = false
  const failing: Db<Tables> = Object.create(db, {
    query: {
      get: () => {
        if (gone) throw new Error('connection refused')
        return db.query
      },
    },
  })
  const openRendition = async () => ({}) as Rendition
  const slides = openSlides({ db: failing, openRendition, telemetry }, { most: 10, idleMs: 60_000, indexBytes: 0 })
  await slides.current('away')
  gone = true
  // Longer than a row is remembered.
  await sleep(3100)
  expect((await slides.current('away')).name).toBe('1')
  const known = slides.known('away')!
  expect(slides.isFresh(known)).toBe(true)
  await expect(slides.current('never-seen')).rejects.toThrow('connection refused')
  slides.forget('away')
  expect(slides.isFresh(known)).toBe(false)
  await expect(slides.current('away')).rejects.toThrow('connection refused')
})

test('a slide is named before or after it is served, and without a name once it is deleted', async () => {
  const { slides } = counting()
  const named = { slideId: 'named', project: 'p' }
  await saveReleaseName(db, named, 'K7-one')
  await expect(slides.find('named')).rejects.toMatchObject({ code: 'not-found' })
  await save('named', 1, 'pyramid')
  slides.forget('named')
  expect((await slides.find('named')).releaseName).toBe('K7-one')
  await deleteSlide(db, 'named')
  await saveReleaseName(db, named, 'K7-two')
  const rows = await db.query.selectFrom('slides').selectAll().where('slide_id', '=', 'named').execute()
  expect(rows).toMatchObject([{ deleted: true, release_name: null }])
})
