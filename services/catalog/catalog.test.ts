import type { EventContext, Running } from '@coverslip/platform/module.ts'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { CatalogServiceDefinition } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { SlideDeidentified, SlideFailed, SlideProgress, SlideTiled } from '@coverslip/proto/gen/events/v1/events.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalog } from './module.ts'

let system: TestSystem
let running: Running
let client: Awaited<ReturnType<typeof connect>>['client']
let close: () => void
/** What the catalog had removed from its stream. */
const forgotten: string[] = []

const connect = () => rpcAs(system, 'public', 'catalog', CatalogServiceDefinition)
const context: EventContext = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }

beforeAll(async () => {
  const tapped = {
    ...catalog,
    start: async (deps: Parameters<typeof catalog.start>[0]) => {
      running = await catalog.start({
        ...deps,
        forget: async (event, place) => void forgotten.push(`${event} ${place}`),
      })
      return running
    },
  }
  system = await startSystem([tapped])
  ;({ client, close } = await connect())
})
afterAll(async () => {
  close?.()
  await system?.stop()
})

const tell = {
  deidentified: (slideId: string, more: object = {}, place?: string) =>
    running.consumers!['slides.deidentified']!.handle(
      SlideDeidentified.fromPartial({
        slideId,
        revision: 1,
        project: 'default',
        format: 'aperio',
        geometry: { width: 2220, height: 2967, mpp: { x: 0.5, y: 0.5 }, levels: [{ width: 2220, height: 2967 }] },
        sourceBytes: 5_000_000_000n,
        reportJson: '{"removed":[]}',
        ...more,
      }),
      { ...context, ...(place && { place }) },
    ),
  tiled: (slideId: string) =>
    running.consumers!['slides.tiled']!.handle(
      SlideTiled.fromPartial({ slideId, revision: 1, project: 'default', pyramid: { bytes: 900n } }),
      context,
    ),
  failed: (slideId: string) =>
    running.consumers!['slides.tiling_failed']!.handle(
      SlideFailed.fromPartial({ slideId, revision: 1, stage: 'tiling', reason: 'A tile is damaged' }),
      context,
    ),
  deleted: (slideId: string) => running.consumers!['slides.deleted']!.handle({ slideId, reason: 'deleted' }, context),
}
const slideOf = async (slideId: string) => (await client.getSlide({ slideId })).slide!
const list = async (request: object = {}) => (await client.listSlides({ projects: ['*'], ...request })).slides

describe('the catalog', () => {
  it('shows a slide from its de-identification on, under a research number', async () => {
    const id = crypto.randomUUID()
    await expect(client.getSlide({ slideId: id })).rejects.toMatchObject({ code: 'not-found' })
    await tell.deidentified(id)
    const slide = await slideOf(id)
    expect(slide).toMatchObject({ state: 'tiling', project: 'default', sourceBytes: 5_000_000_000n, pyramidBytes: 0n })
    expect(slide.name).toMatch(/^S-[0-9A-Z]{8}$/)
    expect(slide.geometry).toMatchObject({ width: 2220, height: 2967, mpp: { x: 0.5, y: 0.5 } })
    await tell.tiled(id)
    expect(await slideOf(id)).toMatchObject({ state: 'ready', progress: 1, pyramidBytes: 900n, name: slide.name })
    expect((await client.getDeidentificationReport({ slideId: id })).reportJson).toBe('{"removed":[]}')
  })

  it('takes events that overtake one another, at once and twice', async () => {
    const id = crypto.randomUUID()
    await Promise.all([tell.tiled(id), tell.deidentified(id), tell.tiled(id), tell.deidentified(id), tell.failed(id)])
    expect(await slideOf(id)).toMatchObject({ state: 'ready', format: 'aperio', pyramidBytes: 900n, reason: '' })
  })

  it('tells why a slide failed', async () => {
    const id = crypto.randomUUID()
    await tell.failed(id)
    await expect(client.getSlide({ slideId: id })).rejects.toMatchObject({ code: 'not-found' })
    await tell.deidentified(id)
    expect(await slideOf(id)).toMatchObject({ state: 'failed', reason: 'A tile is damaged' })
  })

  it('follows the progress of tiling, which never goes back', async () => {
    const id = crypto.randomUUID()
    await tell.deidentified(id)
    const follow = running.followers!['pyramid.progress']!
    await follow(SlideProgress.fromPartial({ slideId: id, stage: 'tiling', fraction: 0.25 }))
    // Within the same second: left out.
    await follow(SlideProgress.fromPartial({ slideId: id, stage: 'tiling', fraction: 0.5 }))
    expect((await slideOf(id)).progress).toBe(0.25)
    expect((await slideOf(id)).secondsLeft).toBeUndefined()
    await tell.tiled(id)
    expect((await slideOf(id)).progress).toBe(1)
  })

  it('tells the time left as it was told, less what has passed, until the slide is ready', async () => {
    const id = crypto.randomUUID()
    await tell.deidentified(id)
    const progress = { slideId: id, stage: 'tiling', fraction: 0.25, secondsLeft: 30 }
    await running.followers!['pyramid.progress']!(SlideProgress.fromPartial(progress))
    const { secondsLeft } = await slideOf(id)
    expect(secondsLeft).toBeGreaterThan(20)
    expect(secondsLeft).toBeLessThanOrEqual(30)
    await tell.tiled(id)
    expect((await slideOf(id)).secondsLeft).toBeUndefined()
  })

  it('withdraws a slide once, whoever deletes it and however often', async () => {
    const id = crypto.randomUUID()
    const release = { name: 'C1-P-17-7K3M', scheme: 'C1/0', owner: 'rosa', at: new Date().toISOString() }
    await tell.deidentified(id, { pseudonyms: { subject: 'P-17' }, release })
    expect((await slideOf(id)).name).toBe('C1-P-17-7K3M')
    await client.deleteSlide({ slideId: id })
    await client.deleteSlide({ slideId: id })
    await tell.deleted(id)
    await tell.tiled(id)
    const slide = await slideOf(id)
    expect(slide).toMatchObject({ state: 'withdrawn', pseudonyms: { subject: '' }, name: expect.stringMatching(/^S-/) })
    expect(JSON.stringify(slide, (_, value) => (typeof value === 'bigint' ? Number(value) : value))).not.toContain(
      'P-17',
    )
    await expect(client.getDeidentificationReport({ slideId: id })).rejects.toMatchObject({ code: 'not-found' })
    expect((await list()).map(({ slideId }) => slideId)).not.toContain(id)
  })

  it('has the events that describe a deleted slide removed from their stream, also those that come later', async () => {
    const [id, other] = [crypto.randomUUID(), crypto.randomUUID()]
    await tell.deidentified(id, {}, '7.a')
    await tell.deidentified(id, {}, '7.a')
    await tell.deidentified(id, { revision: 2 }, '9.b')
    await tell.deidentified(other, {}, '8.c')
    expect(forgotten).toEqual([])
    await tell.deleted(id)
    await tell.deleted(id)
    expect(forgotten.toSorted()).toEqual(['slides.deidentified 7.a', 'slides.deidentified 9.b'])
    await tell.deidentified(id, { revision: 3 }, '12.d')
    expect(forgotten.at(-1)).toBe('slides.deidentified 12.d')
    expect(forgotten).toHaveLength(3)
  })

  it('is not surprised by the deletion of a slide that it never heard of', async () => {
    const id = crypto.randomUUID()
    await tell.deleted(id)
    await tell.deidentified(id)
    await expect(client.getSlide({ slideId: id })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('finds by name and pseudonym, literally and in any case', async () => {
    const id = crypto.randomUUID()
    await tell.deidentified(id, { pseudonyms: { subject: 'Proband_100%' } })
    const { name } = await slideOf(id)
    for (const q of ['proband_100%', name.toLowerCase().slice(2), '100%']) {
      expect((await list({ q })).map(({ slideId }) => slideId)).toEqual([id])
    }
    expect(await list({ q: 'probandX100' })).toEqual([])
  })

  it('lists only what belongs to the projects asked for', async () => {
    const id = crypto.randomUUID()
    await tell.deidentified(id, { project: 'liver' })
    expect((await list({ projects: ['liver', 'kidney'] })).map(({ slideId }) => slideId)).toEqual([id])
    expect(await list({ projects: ['kidney'] })).toEqual([])
    expect(await list({ projects: [] })).toEqual([])
  })

  it('pages newest first, and stays right while slides arrive', async () => {
    const ids = Array.from({ length: 7 }, () => crypto.randomUUID())
    for (const id of ids) await tell.deidentified(id, { project: 'paged' })
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await client.listSlides({ projects: ['paged'], limit: 3, cursor })
      seen.push(...page.slides.map(({ slideId }) => slideId))
      cursor = page.nextCursor
      if (seen.length === 3) await tell.deidentified(crypto.randomUUID(), { project: 'paged' })
    } while (cursor)
    expect([...seen].sort()).toEqual([...ids].sort())
    await expect(client.listSlides({ projects: ['*'], cursor: 'nonsense' })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('knows nothing under what cannot be an id', async () => {
    await expect(client.getSlide({ slideId: "' or 1=1" })).rejects.toMatchObject({ code: 'not-found' })
  })
})
