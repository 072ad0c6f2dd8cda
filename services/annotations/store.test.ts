import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import type { Database, Db } from '@coverslip/platform/db/port.ts'
import { emptyDatabase } from '@coverslip/platform/testing/database.ts'
import { startPostgres, type TestServer } from '@coverslip/platform/testing/servers.ts'
import { ListChangesResponse } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import { type Content, noContent } from '@coverslip/wsi/annotation-files/annotation.ts'
import { boxRing, type Position } from '@coverslip/wsi/annotation-files/geometry.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { By, Draft } from './columns.ts'
import { type Change, listAnnotations, listChanges } from './listing.ts'
import { annotations as migration } from './migrations/001-annotations.ts'
import { toChange } from './rpc.ts'
import { createAnnotations, deleteAnnotation, deleteSlide, updateAnnotation } from './store.ts'
import type { AnnotationTables } from './tables.ts'

const point = (x: number, y: number, name = ''): Content => ({
  ...noContent,
  kind: 'point',
  geometry: { type: 'Point', coordinates: [x, y] },
  name,
})
/** More than 1 MiB of JSON from a place on. */
const long = (x: number): Content => ({
  ...noContent,
  kind: 'line',
  geometry: {
    type: 'LineString',
    coordinates: Array.from({ length: 40_000 }, (_, i): Position => [x + i + 0.123456, i + 0.654321]),
  },
})
const draft = (content = point(1, 1), id: string = randomUUID()): Draft => ({ id, content })
const by: By = { user: 'user-1', origin: 'drawn', at: new Date('2026-01-02T03:04:05Z') }
/** What an annotation must be before it can be dealt with so. */
const NEEDS: Record<string, string> = { create: 'new', update: 'there', remove: 'there', restore: 'gone' }
const other: By = { ...by, user: 'user-2' }

describe('on PGlite', () => {
  let folder: string
  storeSuite(
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'coverslip-annotations-'))
      return emptyDatabase(join(folder, 'db'))
    },
    () => rm(folder, { recursive: true, force: true }),
  )
})
describe('on PostgreSQL', () => {
  let server: TestServer
  storeSuite(
    async () => {
      server = await startPostgres()
      return server.url
    },
    () => server.stop(),
  )
})

function storeSuite(open: () => Promise<string>, close: () => Promise<void>): void {
  let database: Database
  let db: Db<AnnotationTables>
  let slide: string
  beforeAll(async () => {
    database = await openDatabase(await open())
    db = await database.open<AnnotationTables>('annotations', [migration])
  })
  afterAll(async () => {
    await database?.close()
    await close()
  })
  const newSlide = (): string => {
    slide = randomUUID()
    return slide
  }
  const create = (drafts: Draft[], who = by, restores = false) =>
    db.transaction(trx => createAnnotations(trx, slide, drafts, who, { restores }))
  const update = (one: Draft, ifVersion: number, who = other) =>
    db.transaction(trx => updateAnnotation(trx, slide, one, ifVersion, who))
  const remove = (id: string, ifVersion = 0) =>
    db.transaction(trx => deleteAnnotation(trx, slide, id, ifVersion, other))
  const list = (options: Partial<Parameters<typeof listAnnotations>[2]> = {}) =>
    listAnnotations(db.query, slide, { after: 0, limit: 100, ...options })
  const changes = (after: number, limit = 100) => listChanges(db.query, slide, after, limit)

  it('creates once, however often it is asked to', async () => {
    newSlide()
    const one = draft(point(3, 4, 'a'))
    expect(await create([one])).toEqual({ outcomes: ['created'], seq: 1, isChanged: true })
    expect(await create([one], other)).toEqual({ outcomes: ['same'], seq: 1, isChanged: false })
    expect((await create([{ ...one, content: point(3, 4, 'b') }])).outcomes).toEqual(['differs'])
    const { annotations, seq } = await list()
    expect(seq).toBe(1)
    expect(annotations).toEqual([
      {
        id: one.id,
        version: 1,
        seq: 1,
        content: one.content,
        origin: 'drawn',
        author: 'user-1',
        changedBy: 'user-1',
        createdAt: by.at,
        changedAt: by.at,
      },
    ])
  })

  it('keeps every version, also of what was deleted and restored', async () => {
    newSlide()
    const one = draft(point(1, 1, 'first'))
    await create([one])
    const second = await update({ ...one, content: point(2, 2, 'second') }, 1)
    expect(second).toMatchObject({ seq: 2, annotation: { version: 2, author: 'user-1', changedBy: 'user-2' } })
    expect(await remove(one.id, 2)).toEqual({ seq: 3 })
    expect((await create([one])).outcomes).toEqual(['deleted'])
    expect((await create([one], { ...by, origin: 'imported-geojson' }, true)).outcomes).toEqual(['restored'])
    const rows = await db.query
      .selectFrom('versions')
      .select(['version', 'seq', 'content', 'changed_by'])
      .where('id', '=', one.id)
      .orderBy('version')
      .execute()
    expect(rows).toMatchObject([
      { version: 1, seq: 1, content: { name: 'first' }, changed_by: 'user-1' },
      { version: 2, seq: 2, content: { name: 'second' }, changed_by: 'user-2' },
      { version: 3, seq: 3, content: null, changed_by: 'user-2' },
    ])
    expect((await list()).annotations).toMatchObject([{ version: 4, seq: 4, content: { name: 'first' } }])
  })

  it('refuses a change of what somebody else changed', async () => {
    newSlide()
    const one = draft()
    await create([one])
    await update({ ...one, content: point(2, 2) }, 1)
    await expect(update({ ...one, content: point(3, 3) }, 1)).rejects.toMatchObject({ code: 'precondition-failed' })
    await expect(remove(one.id, 1)).rejects.toMatchObject({ code: 'precondition-failed' })
    // The same request again, since its answer was lost.
    expect(await update({ ...one, content: point(2, 2) }, 1)).toMatchObject({ isChanged: false, seq: 2 })
    await remove(one.id, 2)
    await expect(remove(one.id)).rejects.toMatchObject({ code: 'not-found' })
    await expect(update(one, 0)).rejects.toMatchObject({ code: 'not-found' })
    expect((await list()).annotations).toEqual([])
  })

  it('lists every change, each annotation as it was then', async () => {
    newSlide()
    const one = draft(point(1, 1, 'first'))
    await create([one])
    await update({ ...one, content: point(2, 2, 'second') }, 0)
    await remove(one.id)
    await create([one], { user: 'user-3', origin: 'imported-geojson', at: new Date('2026-02-03') }, true)
    const made = { id: one.id, author: 'user-1', createdAt: by.at }
    const drawn = { ...made, origin: 'drawn', changedAt: by.at }
    const restored = { ...made, origin: 'imported-geojson', changedAt: new Date('2026-02-03') }
    const told = [
      { ...drawn, version: 1, seq: 1, content: one.content, changedBy: 'user-1' },
      { ...drawn, version: 2, seq: 2, content: point(2, 2, 'second'), changedBy: 'user-2' },
      undefined,
      { ...restored, version: 4, seq: 4, content: one.content, changedBy: 'user-3' },
    ].map((annotation, i) => ({ seq: i + 1, id: one.id, annotation }))
    expect(await changes(0)).toEqual({ changes: told, more: false })
    expect(await changes(0, 2)).toEqual({ changes: told.slice(0, 2), more: true })
    expect(await changes(2, 2)).toEqual({ changes: told.slice(2), more: false })
    expect(await changes(4)).toEqual({ changes: [], more: false })
  })

  it('leaves no change out, whatever was done and wherever one begins', async () => {
    const step = fc.record({ what: fc.constantFrom('create', 'update', 'remove', 'restore'), whom: fc.nat(4) })
    const begin = fc.record({ after: fc.nat(30), limit: fc.integer({ min: 1, max: 7 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), begin, async (steps, { after, limit }) => {
        newSlide()
        const history = await play(steps)
        const read: Change[] = []
        for (let page = { more: true }; page.more; ) {
          const next = await changes(read.at(-1)?.seq ?? after, limit)
          expect(next.changes.length).toBeLessThanOrEqual(limit)
          read.push(...next.changes)
          page = next
        }
        const facts = read.map(({ seq, id, annotation }) => ({ seq, id, name: annotation?.content.name }))
        expect(facts).toEqual(history.slice(after))
        expect(read.every(({ seq, annotation }) => !annotation || annotation.seq === seq)).toBe(true)
        expect((await list()).seq).toBe(history.length)
      }),
      { numRuns: 15 },
    )
  })

  /** Does what is possible of the steps, with five annotations. @returns what came of it; a deletion has no name */
  async function play(steps: readonly { what: string; whom: number }[]) {
    const ids = Array.from({ length: 5 }, () => randomUUID())
    const there = new Map<string, boolean>()
    const history: { seq: number; id: string; name: string | undefined }[] = []
    for (const { what, whom } of steps) {
      const id = ids[whom]!
      const one = draft(point(1, 1, `change ${history.length + 1}`), id)
      const state = there.get(id) ? 'there' : there.has(id) ? 'gone' : 'new'
      if (NEEDS[what] !== state) continue
      if (what === 'update') await update(one, 0)
      else if (what === 'remove') await remove(id)
      else await create([one], by, what === 'restore')
      there.set(id, what !== 'remove')
      history.push({ seq: history.length + 1, id, name: what === 'remove' ? undefined : one.content.name })
    }
    return history
  }

  it('pages without losing or doubling anything while others draw and change', async () => {
    newSlide()
    const drafts = Array.from({ length: 25 }, (_, i) => draft(point(i, i)))
    await create(drafts)
    const seen: string[] = []
    for (let after: number | undefined = 0, page = 0; after !== undefined; page++) {
      const { annotations, next } = await list({ after, limit: 10 })
      seen.push(...annotations.map(({ id }) => id))
      after = next
      if (page === 0) {
        await create([draft()])
        await update({ ...drafts[24]!, content: point(99, 99) }, 0)
      }
    }
    expect(seen).toHaveLength(26)
    expect(new Set(seen).size).toBe(26)
    expect(seen.slice(0, 25)).toEqual(drafts.map(({ id }) => id))
  })

  it('keeps answers below what one message can hold', async () => {
    newSlide()
    await create([0, 1, 2].map(x => draft(long(x))))
    const sizes: number[] = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await list({ after })
      sizes.push(page.annotations.length)
      after = page.next
    }
    expect(sizes).toEqual([2, 1])
  })

  it('keeps changes below what one message can hold, also those that were overtaken', async () => {
    newSlide()
    const one = draft(long(0))
    await create([one])
    for (const x of [1, 2, 3]) await update({ ...one, content: long(x) }, 0)
    await remove(one.id)
    const pages: number[][] = []
    for (let more = true; more; ) {
      const page = await changes(pages.at(-1)?.at(-1) ?? 0)
      const message = ListChangesResponse.encode({ changes: page.changes.map(toChange), more: page.more }).finish()
      expect(message.length).toBeLessThan(4 * 2 ** 20)
      pages.push(page.changes.map(({ seq }) => seq))
      more = page.more
    }
    expect(pages.length).toBeGreaterThan(1)
    expect(pages.flat()).toEqual([1, 2, 3, 4, 5])
  })

  it('finds what meets a box, of this slide only', async () => {
    const elsewhere = newSlide()
    await create([draft(point(50, 50))])
    newSlide()
    const square: Content = {
      ...noContent,
      kind: 'rectangle',
      geometry: { type: 'Polygon', coordinates: [boxRing({ x0: 100, y0: 100, x1: 200, y1: 200 })] },
    }
    const [near, far, big, outside] = [
      draft(point(50, 50)),
      draft(point(900, 900)),
      draft(square),
      draft(point(-5, -5)),
    ]
    await create([near, far, big, outside])
    const found = async (x0: number, y0: number, x1: number, y1: number) =>
      (await list({ box: { x0, y0, x1, y1 } })).annotations.map(({ id }) => id)
    expect(elsewhere).not.toBe(slide)
    expect(await found(0, 0, 60, 60)).toEqual([near.id])
    expect(await found(150, 150, 160, 160)).toEqual([big.id])
    expect(await found(-10, -10, 1000, 1000)).toEqual([near.id, far.id, big.id, outside.id])
    await update({ ...far, content: point(20, 20) }, 0)
    await remove(near.id)
    expect(await found(0, 0, 60, 60)).toEqual([far.id])
  })

  it('numbers the changes of many writers without a gap, in the order of their commits', async () => {
    newSlide()
    const seen: number[] = []
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        const one = draft(point(i, i))
        await create([one, draft()])
        await update({ ...one, content: point(i, -i - 1) }, 1)
        // Whoever sees a number sees everything up to it.
        const { seq } = await list()
        const { changes: all } = await changes(0, 1000)
        expect(all.length).toBeGreaterThanOrEqual(seq)
        expect(all.map(change => change.seq)).toEqual(Array.from(all, (_, i) => i + 1))
        seen.push(seq)
      }
    }
    await Promise.all(Array.from({ length: 8 }, writer))
    const numbers = (await changes(0, 1000)).changes.map(({ seq }) => seq)
    expect(numbers).toEqual(Array.from({ length: 8 * 5 * 3 }, (_, i) => i + 1))
    expect((await list()).seq).toBe(120)
  })

  it('forgets a slide that is deleted, and a late request brings nothing back', async () => {
    newSlide()
    const one = draft()
    await create([one])
    await update({ ...one, content: point(2, 2) }, 0)
    for (let i = 0; i < 2; i++) await db.transaction(trx => deleteSlide(trx, slide))
    await expect(list()).rejects.toMatchObject({ code: 'not-found' })
    await expect(changes(0)).rejects.toMatchObject({ code: 'not-found' })
    await expect(create([draft()])).rejects.toMatchObject({ code: 'not-found' })
    for (const table of ['annotations', 'versions'] as const)
      expect(await db.query.selectFrom(table).select('id').where('slide_id', '=', slide).execute()).toEqual([])
    newSlide()
    await db.transaction(trx => deleteSlide(trx, slide))
    await expect(create([draft()])).rejects.toMatchObject({ code: 'not-found' })
  })

  it('knows nothing of a slide on which nobody drew', async () => {
    newSlide()
    expect(await list()).toEqual({ annotations: [], next: undefined, seq: 0 })
    expect(await changes(0)).toEqual({ changes: [], more: false })
  })

  it('creates thousands in one transaction and finds a few of them by their place', async () => {
    newSlide()
    const drafts = Array.from({ length: 5000 }, (_, i) => draft(point((i % 100) * 10, Math.floor(i / 100) * 10)))
    const start = performance.now()
    expect((await create(drafts)).seq).toBe(5000)
    const { annotations } = await list({ box: { x0: 0, y0: 0, x1: 15, y1: 15 } })
    expect(annotations).toHaveLength(4)
    // Some 0.6 s on an idle core.
    expect(performance.now() - start).toBeLessThan(20_000)
  })
}
