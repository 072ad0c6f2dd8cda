/** Deep Zoom: the description and the tiles, answered on node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, RawHttpHandler } from '@coverslip/platform/module.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import { tileKey } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { etagOf, HEADERS, notModified, sendJpeg } from '../hot/answer.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedSlide } from '../store.ts'
import { dzi, placeTile } from './levels.ts'
import { readTile } from './tile.ts'

interface TilePath {
  slides: OpenSlides
  cache: TileCache
  telemetry: Telemetry
  traceEvery: number
}

export function deepzoomRoutes({ slides, cache, telemetry, traceEvery }: TilePath): Record<string, RawHttpHandler> {
  const served = telemetry.counter('coverslip_tiles_total', 'Tiles answered, by the cache that had them')
  const seconds = telemetry.histogram(
    'coverslip_tile_seconds',
    'Time to answer a tile',
    's',
    [0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5],
  )
  const sample = createSampler(traceEvery)

  async function allowed(call: HttpCall): Promise<ServedSlide> {
    const slide = await slides.find(call.params.id!)
    call.allow({ project: slide.project, slide: slide.slideId })
    return slide
  }

  async function answerTile(
    slide: ServedSlide,
    call: HttpCall,
    req: IncomingMessage,
    res: ServerResponse,
  ): Promise<void> {
    const { level, x, y } = call.params
    const place = placeTile(slide, slide.tileSize, toIndex(level), toIndex(x), toIndex(y))
    if (!place) throw new ServiceError('not-found', 'The slide has no such tile')
    const etag = etagOf(slide, `${level}-${x}-${y}`)
    if (notModified(req, res, etag)) return
    const begun = performance.now()
    const load = async () => readTile(await slides.open(slide), place)
    const { bytes, from } = await cache.get(tileKey(slide, Number(level), place.column, place.row), load)
    sendJpeg(req, res, bytes, etag, from)
    served.add(1, { 'coverslip.cache': from })
    seconds.record((performance.now() - begun) / 1000, { 'coverslip.cache': from })
  }

  return {
    'GET /tiles/{id}.dzi': async (call, req, res) => {
      const slide = await allowed(call)
      const etag = etagOf(slide, 'dzi')
      if (notModified(req, res, etag)) return
      const body = dzi(slide, slide.tileSize)
      res.writeHead(200, { ...HEADERS, 'content-type': 'application/xml', 'content-length': body.length, etag })
      res.end(req.method === 'HEAD' ? undefined : body)
    },
    'GET /tiles/{id}_files/{level}/{x}_{y}.jpeg': async (call, req, res) => {
      const slide = await allowed(call)
      if (!sample(slide)) return answerTile(slide, call, req, res)
      // Another user's request: a trace of its own, linked to the slide's way in.
      const attributes = { 'http.route': '/tiles/{id}_files/{level}/{x}_{y}.jpeg', 'coverslip.slide.id': slide.slideId }
      const parent = (req.headers.traceparent as string | undefined) ?? null
      await telemetry.span('GET tile', { kind: 'server', parent, attributes, links: [slide.traceparent] }, () =>
        answerTile(slide, call, req, res),
      )
    },
  }
}

/** True for the first tile of each slide and revision in this process, then for one tile in `every`. */
function createSampler(every: number): (slide: ServedSlide) => boolean {
  const seen = new Set<string>()
  let count = 0
  return ({ slideId, revision }) => {
    count = (count + 1) % every
    const key = `${slideId}/${revision}`
    if (seen.has(key)) return count === 0
    if (seen.size > 100_000) seen.clear()
    seen.add(key)
    return true
  }
}

function toIndex(text: string | undefined): number {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
}
