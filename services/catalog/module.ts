import { noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type Consumers, type Deps, defineModule, type Followers, type RpcContext } from '@coverslip/platform/module.ts'
import { readCursor, toPage } from '@coverslip/platform/paging.ts'
import { CatalogServiceDefinition, type CatalogServiceImplementation } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { config } from './config.ts'
import { forgetEvents, keepPlace } from './kept-events.ts'
import { slides } from './migrations/001-slides.ts'
import { endsAt } from './migrations/002-ends-at.ts'
import { namelessMarks } from './migrations/003-nameless-marks.ts'
import { keptEvents } from './migrations/004-kept-events.ts'
import { progressThrottle } from './progress.ts'
import { newResearchNumber } from './research-number.ts'
import { toMessage } from './rpc.ts'
import { deidentified, type Slide, tiled, tilingFailed, withdrawn } from './slide.ts'
import { type CatalogTables, changeSlide, findSlide, listSlides, raiseProgress } from './store.ts'

type CatalogDeps = Deps<CatalogTables, typeof config>

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** The slides that have been de-identified, with their pseudonyms. */
export const catalog = defineModule<CatalogTables, typeof config, Record<never, never>>({
  name: 'catalog',
  config,
  migrations: [slides, endsAt, namelessMarks, keptEvents],
  start: async deps => ({
    rpc: { definition: CatalogServiceDefinition, implementation: implementation(deps) },
    consumers: consumers(deps),
    followers: followers(deps),
  }),
})

function consumers(deps: CatalogDeps): Consumers {
  const apply = async (id: string, change: (slide: Slide) => Partial<Slide> | undefined): Promise<void> => {
    await deps.db.transaction(trx => changeSlide(trx, id, change))
  }
  return {
    'slides.deidentified': {
      async handle(event, { place }) {
        await apply(event.slideId, slide => deidentified(slide, event))
        await keepPlace(deps, event.slideId, place)
      },
    },
    'slides.tiled': { handle: event => apply(event.slideId, slide => tiled(slide, event)) },
    'slides.tiling_failed': { handle: event => apply(event.slideId, slide => tilingFailed(slide, event)) },
    // Ours as well as those of slides that were deleted on-prem.
    'slides.deleted': {
      async handle({ slideId }) {
        await forgetEvents(deps, slideId)
        await erase(deps, slideId)
        // One that was told while this went on.
        await forgetEvents(deps, slideId)
      },
    },
  }
}

function erase({ db, site, publish }: CatalogDeps, slideId: string): Promise<void> {
  return db.transaction(async trx => {
    const changed = await changeSlide(trx, slideId, slide => withdrawn(slide, newResearchNumber()))
    await noteErasure(trx, slideId, { objects: 0, rows: changed ? 1 : 0, bytes: 0 })
    const receipt = await takeReceipt(trx, slideId)
    if (receipt) await publish(trx, 'slides.erased', { slideId, service: 'catalog', site, ...receipt })
  })
}

function followers(deps: CatalogDeps): Followers {
  const passes = progressThrottle(() => performance.now())
  return {
    'pyramid.progress': async ({ slideId, fraction, secondsLeft }) => {
      if (!passes(slideId)) return
      const endsAt = secondsLeft === undefined ? null : new Date(Date.now() + secondsLeft * 1000)
      await raiseProgress(deps.db, slideId, Math.min(fraction, 1), endsAt)
    },
  }
}

function implementation(deps: CatalogDeps) {
  const known = async (id: string): Promise<Slide> => {
    const slide = await findSlide(deps.db.query, id)
    if (!slide) throw new ServiceError('not-found', 'There is no such slide')
    return slide
  }
  return {
    async listSlides({ projects, limit, cursor, q }) {
      const size = Math.min(limit || DEFAULT_LIMIT, MAX_LIMIT)
      const after = cursor ? readCursor(cursor) : undefined
      // One more than asked for tells whether there is a next page.
      const found = await listSlides(deps.db.query, { projects, q: q.trim(), after, limit: size + 1 })
      const { page, nextCursor } = toPage(found, size, ({ createdAt, id }) => ({ at: createdAt, id }))
      return { slides: page.map(toMessage), nextCursor: nextCursor ?? '' }
    },
    getSlide: async ({ slideId }) => ({ slide: toMessage(await known(slideId)) }),
    async deleteSlide({ slideId }) {
      await known(slideId)
      await deps.db.transaction(async trx => {
        const changed = await changeSlide(trx, slideId, slide => withdrawn(slide, newResearchNumber()))
        if (changed) await deps.publish(trx, 'slides.deleted', { slideId, reason: 'deleted' })
      })
      return {}
    },
    async getDeidentificationReport({ slideId }) {
      const { reportJson } = await known(slideId)
      if (!reportJson) throw new ServiceError('not-found', 'There is no de-identification report of this slide')
      return { reportJson }
    },
  } satisfies CatalogServiceImplementation<RpcContext>
}
