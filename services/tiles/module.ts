import { availableParallelism } from 'node:os'
import { defineModule, type ObjectsAccess } from '@coverslip/platform/module.ts'
import { batchRoutes } from './batch/routes.ts'
import { createTileCache } from './cache/tile-cache.ts'
import { config, energyFactors } from './config.ts'
import { costsRoutes } from './costs/costs.ts'
import { startUsage } from './costs/usage.ts'
import { deepZoomRoutes } from './deepzoom/routes.ts'
import { createTileService } from './deepzoom/tile-service.ts'
import { dicomWebRoutes } from './dicomweb/routes.ts'
import { createCors } from './hot/cors.ts'
import { createMeter } from './hot/meter.ts'
import type { ReadyTile } from './hot/ready-tile.ts'
import { createSampler } from './hot/sampler.ts'
import { createHotTiles } from './hot/tiles.ts'
import { iiifRoutes } from './iiif/routes.ts'
import { migrations } from './migrations/index.ts'
import { createOverlays } from './overlays/overlays.ts'
import { overlayRoutes } from './overlays/routes.ts'
import { createRenderQueue } from './regions/queue.ts'
import { createRenderer } from './regions/renderer.ts'
import { regionRoutes } from './regions/routes.ts'
import { createFetched } from './renditions/fetched.ts'
import { openRendition } from './renditions/open.ts'
import { createReaders } from './renditions/readers.ts'
import { tilesRpc } from './rpc.ts'
import { slideConsumers, slideFollowers } from './slides/consumers.ts'
import { onDeidentified } from './slides/deidentified.ts'
import { downloadPyramid } from './slides/download.ts'
import { openSlides } from './slides/slides.ts'
import { startStage } from './stage/stage.ts'
import type { ServedRendition, Tables } from './store.ts'

/** Threads that render, where nothing is set: each takes about 50 MiB, and the process is to stay below 512. */
const DECODES = 3

const objects = { original: 'read', pyramid: 'read', stage: 'write' } as const satisfies ObjectsAccess

/** Serves tiles to viewers. */
export const tiles = defineModule<Tables, typeof config, typeof objects>({
  name: 'tiles',
  config,
  migrations,
  objects,
  async start({ config, site, auth, log, db, cache: sharedCache, objects, scratch, telemetry, publish }) {
    const usage = startUsage({ db, log })
    const stage = startStage({
      ...{ db, log, telemetry, stage: objects.stage, quota: config.STAGE_QUOTA, rate: config.STAGE_RATE },
      pyramid: usage.metered(objects.pyramid, 'staging'),
      copies: config.STAGE_COPIES,
      openFiles: config.TILES_OPEN_SLIDES,
      spared: usage.counter('spared'),
    })
    const pyramids = stage.before(usage.metered(objects.pyramid, 'tiles'))
    const downloads = stage.before(usage.metered(objects.pyramid, 'downloads'))
    const readers = createReaders(config.TILES_READERS)
    const room = config.TILES_COPIES / config.TILES_WORKERS
    const fetched = createFetched(objects.original, scratch, { room })
    const stores = { pyramid: pyramids, original: objects.original, readers, fetched }
    const limits = {
      most: config.TILES_OPEN_SLIDES,
      idleMs: config.TILES_SLIDE_IDLE,
      indexBytes: config.TILES_MEMORY / 2,
    }
    const slides = openSlides({ db, openRendition: one => openRendition(stores, one), telemetry }, limits)
    const queue = createRenderQueue(
      config.TILES_DECODES || Math.min(availableParallelism(), DECODES),
      config.TILES_DECODE_QUEUE,
    )
    telemetry.gauge('coverslip_pictures_waiting', 'Pictures that are rendered or wait for it', () => queue.length)
    const renderer = createRenderer(queue)
    const ttlSeconds = Math.ceil(config.TILES_CACHE_TTL / 1000)
    const memoryBytes = (): number => config.TILES_MEMORY - slides.indexBytes()
    const cache = createTileCache<ReadyTile>(sharedCache, { memoryBytes, ttlSeconds })
    telemetry.gauge('coverslip_tiles_memory_bytes', 'Tiles kept in memory', () => cache.memory.bytes)
    // Stored tiles of a local file are read more quickly from there than from a server.
    const isShared = ({ kind }: ServedRendition): boolean => kind !== 'pyramid' || pyramids.open === undefined
    const service = createTileService({ slides, cache, renderer }, isShared)
    const pictures = { slides, cache, renderer }
    const dicomWeb = dicomWebRoutes({ slides, cache, tiles: service, db })
    const meter = createMeter(telemetry, usage.counter('served'))
    const overlays = overlayRoutes({ overlays: createOverlays(db), slides, cache, meter })
    const sampler = createSampler(config.TILES_TRACE_EVERY)
    const hotTiles = createHotTiles({ site, auth, slides, cache, meter, sampler })
    const cors = createCors(config.TILES_ORIGINS)
    return {
      hot: cors ? (req, res) => cors(req, res) || hotTiles(req, res) : hotTiles,
      raw: {
        ...deepZoomRoutes({ slides, tiles: service, telemetry, meter, sampler }),
        ...regionRoutes(pictures),
        ...iiifRoutes(pictures),
        ...overlays.raw,
        ...dicomWeb.raw,
      },
      routes: {
        'GET /api/slides/{id}/pyramid': downloadPyramid(slides, downloads, db),
        ...batchRoutes({ slides, tiles: service, meter }),
        ...overlays.routes,
        ...dicomWeb.routes,
        ...stage.routes,
        ...costsRoutes({ db, usage, stores: objects, prices: config.COSTS_PRICES, factors: energyFactors(config) }),
      },
      rpc: tilesRpc(slides),
      consumers: {
        ...slideConsumers({ db, site, publish, slides, cache, stage }),
        'slides.deidentified': onDeidentified({ db, slides, stores }),
      },
      followers: slideFollowers(slides, [readers, fetched]),
      async stop() {
        await queue.close()
        slides.close()
        await readers.close()
        await fetched.close()
        await stage.stop()
        await usage.stop()
      },
    }
  },
})
