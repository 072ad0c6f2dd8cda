/** What events change about the slides served. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumers, Deps, Followers } from '@coverslip/platform/module.ts'
import type { SlideTiled } from '@coverslip/proto/gen/events/v1/events.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { countOverlays } from '../overlays/rows.ts'
import type { Fetched } from '../renditions/fetched.ts'
import type { Readers } from '../renditions/readers.ts'
import type { Stage } from '../stage/stage.ts'
import { deleteSlide, type ServedRendition, saveRendition, type Tables } from '../store.ts'
import type { OpenSlides } from './slides.ts'

export interface ConsumerParts {
  db: Db<Tables>
  site: string
  publish: Deps<Tables>['publish']
  slides: OpenSlides
  cache: TileCache
  stage: Pick<Stage, 'tiled' | 'erase'>
}

export function slideConsumers({ db, site, publish, slides, cache, stage }: ConsumerParts): Consumers {
  return {
    'slides.tiled': {
      async handle(event, { traceparent }) {
        await saveRendition(db, pyramidOf(event), traceparent)
        slides.forget(event.slideId)
        await stage.tiled(event.slideId)
      },
    },
    'slides.deleted': {
      // The stage may be away for a week; a copy there is not forgotten for that.
      maxDeliver: 10_000,
      async handle({ slideId }) {
        const overlays = await countOverlays(db, slideId)
        // Before they go, in case that this process does as well.
        await noteErasure(db.query, slideId, { objects: 0, ...overlays })
        const served = await deleteSlide(db, slideId)
        slides.forget(slideId)
        if (served) await cache.drop(served)
        await stage.erase(slideId, ({ objects, rows, bytes }) => {
          const all = { rows: rows + overlays.rows + (served ? 1 : 0), bytes: bytes + overlays.bytes }
          return noteErasure(db.query, slideId, { objects, ...all })
        })
        await db.transaction(async trx => {
          const receipt = await takeReceipt(trx, slideId)
          if (receipt) await publish(trx, 'slides.erased', { slideId, service: 'tiles', site, ...receipt })
        })
      },
    },
  }
}

/** Every process hears at once what one of them has saved. */
export const slideFollowers = (
  slides: OpenSlides,
  originals: readonly Pick<Readers | Fetched, 'forget'>[],
): Followers => ({
  'slides.tiled': ({ slideId }) => slides.forget(slideId),
  'slides.deleted': ({ slideId }) => {
    slides.forget(slideId)
    // Each process may hold a copy of the original.
    for (const one of originals) one.forget(`${slideId}/`)
  },
})

function pyramidOf(event: SlideTiled): Omit<ServedRendition, 'name'> {
  const { slideId, revision, project, pyramid, geometry, tileSize } = event
  if (!pyramid || !geometry) throw new ServiceError('invalid', 'The event names no pyramid')
  return {
    slideId,
    project,
    revision,
    kind: 'pyramid',
    format: 'generic-tiff',
    key: pyramid.key,
    moreKeys: [],
    bytes: Number(pyramid.bytes),
    sha256: pyramid.sha256,
    width: geometry.width,
    height: geometry.height,
    tileSize,
    geometry,
  }
}
