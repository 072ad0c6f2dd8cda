import { defineModule, type ObjectsAccess } from '@coverslip/platform/module.ts'
import { createTileCache } from './cache/tile-cache.ts'
import { config } from './config.ts'
import { deepZoomRoutes } from './deepzoom/routes.ts'
import { createTileService } from './deepzoom/tile-service.ts'
import { createMeter } from './hot/meter.ts'
import type { ReadyTile } from './hot/ready-tile.ts'
import { createSampler } from './hot/sampler.ts'
import { createHotTiles } from './hot/tiles.ts'
import { slides as slidesMigration } from './migrations/001-slides.ts'
import { renditions } from './migrations/002-renditions.ts'
import { regionRoutes } from './regions/routes.ts'
import { objectSource } from './renditions/object-source.ts'
import { openPyramid } from './renditions/pyramid.ts'
import { tilesRpc } from './rpc.ts'
import { slideConsumers, slideFollowers } from './slides/consumers.ts'
import { downloadPyramid } from './slides/download.ts'
import { type OpenRendition, openSlides } from './slides/slides.ts'
import type { ServedRendition, Tables } from './store.ts'

const objects = { pyramid: 'read' } as const satisfies ObjectsAccess

/** Serves tiles to viewers. */
export const tiles = defineModule<Tables, typeof config, typeof objects>({
  name: 'tiles',
  config,
  migrations: [slidesMigration, renditions],
  objects,
  async start({ config, site, auth, db, cache: sharedCache, objects, telemetry, publish }) {
    const openRendition: OpenRendition = async ({ key, bytes, name, geometry }) =>
      openPyramid(await objectSource(objects.pyramid, key, bytes), {
        name,
        mpp: geometry.mpp ?? null,
        objectivePower: geometry.objectivePower ?? null,
      })
    const limits = { most: config.TILES_OPEN_SLIDES, idleMs: config.TILES_SLIDE_IDLE }
    const slides = openSlides({ db, openRendition, telemetry }, limits)
    const ttlSeconds = Math.ceil(config.TILES_CACHE_TTL / 1000)
    const cache = createTileCache<ReadyTile>(sharedCache, { memoryBytes: config.TILES_MEMORY, ttlSeconds })
    telemetry.gauge('coverslip_tiles_memory_bytes', 'Tiles kept in memory', () => cache.memory.bytes)
    // Stored tiles of a local file are read more quickly from there than from a server.
    const isShared = ({ kind }: ServedRendition): boolean => kind !== 'pyramid' || objects.pyramid.open === undefined
    const service = createTileService(slides, cache, isShared)
    const meter = createMeter(telemetry)
    const sampler = createSampler(config.TILES_TRACE_EVERY)
    return {
      hot: createHotTiles({ site, auth, slides, cache, meter, sampler }),
      raw: {
        ...deepZoomRoutes({ slides, tiles: service, telemetry, meter, sampler }),
        ...regionRoutes({ slides, cache }),
      },
      routes: { 'GET /api/slides/{id}/pyramid': downloadPyramid(slides, objects.pyramid, db) },
      rpc: tilesRpc(slides),
      consumers: slideConsumers({ db, site, publish, slides, cache }),
      followers: slideFollowers(slides),
      stop: async () => slides.close(),
    }
  },
})
