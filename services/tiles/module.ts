import { noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { defineModule } from '@coverslip/platform/module.ts'
import type { SlideTiled } from '@coverslip/proto/gen/events/v1/events.ts'
import { keysOf } from './cache/keys.ts'
import { createTileCache } from './cache/tile-cache.ts'
import { config } from './config.ts'
import { deepzoomRoutes } from './deepzoom/routes.ts'
import { slides as slidesMigration } from './migrations/001-slides.ts'
import { regionRoutes } from './regions/routes.ts'
import { objectSource } from './renditions/object-source.ts'
import { openPyramid } from './renditions/pyramid.ts'
import { tilesRpc } from './rpc.ts'
import { downloadPyramid } from './slides/download.ts'
import { type OpenRendition, openSlides } from './slides/slides.ts'
import { deleteSlide, type ServedSlide, saveSlide, type Tables } from './store.ts'

/** Serves tiles of pyramids to viewers. */
export const tiles = defineModule<Tables, typeof config, { pyramid: 'read' }>({
  name: 'tiles',
  config,
  migrations: [slidesMigration],
  objects: { pyramid: 'read' },
  async start({ config, site, db, cache: sharedCache, objects, telemetry, publish }) {
    const openRendition: OpenRendition = ({ key, bytes, revision, geometry }) =>
      openPyramid(objectSource(objects.pyramid, key, bytes), {
        name: String(revision),
        mpp: geometry.mpp ?? null,
        objectivePower: geometry.objectivePower ?? null,
      })
    const slides = openSlides({ db, openRendition, telemetry }, config.TILES_OPEN_SLIDES)
    const ttlSeconds = Math.ceil(config.TILES_CACHE_TTL / 1000)
    const cache = createTileCache(sharedCache, { memoryBytes: config.TILES_MEMORY, ttlSeconds })
    return {
      raw: {
        ...deepzoomRoutes({ slides, cache, telemetry, traceEvery: config.TILES_TRACE_EVERY }),
        ...regionRoutes({ slides, cache }),
      },
      routes: { 'GET /api/slides/{id}/pyramid': downloadPyramid(slides, objects.pyramid, db) },
      rpc: tilesRpc(slides),
      stop: async () => slides.close(),
      consumers: {
        'slides.tiled': {
          async handle(event, { traceparent }) {
            await saveSlide(db, servedSlide(event, traceparent))
            slides.forget(event.slideId)
          },
        },
        'slides.deleted': {
          async handle({ slideId }) {
            const served = await deleteSlide(db, slideId)
            await noteErasure(db.query, slideId, { objects: 0, rows: served ? 1 : 0, bytes: 0 })
            slides.forget(slideId)
            if (served) await cache.drop(keysOf(served))
            await db.transaction(async trx => {
              const receipt = await takeReceipt(trx, slideId)
              if (receipt) await publish(trx, 'slides.erased', { slideId, service: 'tiles', site, ...receipt })
            })
          },
        },
      },
    }
  },
})

function servedSlide(event: SlideTiled, traceparent: string | undefined): ServedSlide {
  const { slideId, revision, project, pyramid, geometry, tileSize } = event
  if (!pyramid || !geometry) throw new ServiceError('invalid', 'The event names no pyramid')
  return {
    slideId,
    revision,
    project,
    key: pyramid.key,
    bytes: Number(pyramid.bytes),
    sha256: pyramid.sha256,
    width: geometry.width,
    height: geometry.height,
    tileSize,
    geometry,
    traceparent,
  }
}
