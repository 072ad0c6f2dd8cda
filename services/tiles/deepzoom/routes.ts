/** Deep Zoom and tiles as they are stored: descriptions and tiles, the ordinary way; see hot/ for tiles in memory. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, RawHttpHandler } from '@coverslip/platform/module.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import type { Found } from '../cache/tile-cache.ts'
import { type Format, isFormat, MEDIA_TYPE } from '../formats.ts'
import { notModified, sendPicture } from '../hot/answer.ts'
import { etagOf, FOR_A_MINUTE, originOf, SAFE_HEADERS } from '../hot/headers.ts'
import { type TileMeter, traceTile } from '../hot/meter.ts'
import type { Sampler } from '../hot/sampler.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'
import { dzi } from './levels.ts'
import type { TileAddress, TileService } from './tile-service.ts'

export interface DeepZoomParts {
  slides: OpenSlides
  tiles: TileService
  telemetry: Telemetry
  meter: TileMeter
  sampler: Sampler
}

type Read = (at: TileAddress, format: Format, signal: AbortSignal) => Promise<Found>

export function deepZoomRoutes({
  slides,
  tiles,
  telemetry,
  meter,
  sampler,
}: DeepZoomParts): Record<string, RawHttpHandler> {
  async function allowed(call: HttpCall): Promise<ServedRendition> {
    const { id, rendition: name } = call.params
    const rendition = name === undefined ? await slides.current(id!) : await slides.rendition(id!, name)
    call.allow({ project: rendition.project, slide: rendition.slideId })
    return rendition
  }

  async function answerTile(
    call: HttpCall,
    { req, res }: { req: IncomingMessage; res: ServerResponse },
    rendition: ServedRendition,
    kind: 'dz' | 'stored',
  ): Promise<void> {
    const begun = performance.now()
    const { at, format } = readAddress(call.params)
    const etag = etagOf(rendition, `${kind === 'dz' ? '' : 's'}${at.level}-${at.x}-${at.y}-${format}`)
    const read: Read = (...given) =>
      kind === 'dz' ? tiles.deepZoom(rendition, ...given) : tiles.stored(rendition, ...given)
    if (notModified(req, res, etag)) return
    const { bytes, from } = await read(at, format, call.signal)
    sendPicture(req, res, { bytes, etag, from, type: MEDIA_TYPE[format] })
    meter.record(from, performance.now() - begun, bytes.length)
  }

  /** A tile by a route's name; one in so many is traced. */
  const tileRoute =
    (route: string, kind: 'dz' | 'stored'): RawHttpHandler =>
    async (call, req, res) => {
      const rendition = await allowed(call)
      const answer = () => answerTile(call, { req, res }, rendition, kind)
      if (!sampler.takes(rendition)) return answer()
      const { slideId } = rendition
      const { traceparent } = await slides.find(slideId)
      await traceTile(telemetry, { route, req, slideId, traceparent }, answer)
    }

  const tilePaths: [string, 'dz' | 'stored'][] = [
    ['/tiles/{id}/{rendition}_files/{level}/{x}_{y}.{format}', 'dz'],
    ['/tiles/{id}/{rendition}/{level}/{x}_{y}.{format}', 'stored'],
    ['/tiles/{id}/{rendition}/{level}/{x}_{y}', 'stored'],
  ]
  return {
    'GET /tiles/{id}.dzi': async (call, _req, res) => {
      const { slideId, name } = await allowed(call)
      res.writeHead(302, {
        ...SAFE_HEADERS,
        location: `/tiles/${slideId}/${name}.dzi`,
        'cache-control': FOR_A_MINUTE,
        'content-length': 0,
      })
      res.end()
    },
    'GET /tiles/{id}/{rendition}.dzi': async (call, req, res) => {
      const rendition = await allowed(call)
      // Holds the address that it was asked under, which is not the same for everybody: no validator, a short life.
      const tilesUrl = `${originOf(req)}/tiles/${rendition.slideId}/${rendition.name}_files/`
      const body = dzi(rendition, rendition.tileSize, tilesUrl)
      res.writeHead(200, {
        ...SAFE_HEADERS,
        'content-type': 'application/xml',
        'content-length': Buffer.byteLength(body),
        'cache-control': FOR_A_MINUTE,
      })
      res.end(req.method === 'HEAD' ? undefined : body)
    },
    ...Object.fromEntries(tilePaths.map(([path, kind]) => [`GET ${path}`, tileRoute(path, kind)])),
  }
}

/** @throws ServiceError `not-found` for what is no tile's address */
function readAddress({ level, x, y, format = 'jpeg' }: Record<string, string>): {
  at: TileAddress
  format: Format
} {
  const at = { level: toIndex(level), x: toIndex(x), y: toIndex(y) }
  if (!isFormat(format) || Number.isNaN(at.level + at.x + at.y)) {
    throw new ServiceError('not-found', 'The slide has no such tile')
  }
  return { at, format }
}

const toIndex = (text: string | undefined): number =>
  text !== undefined && /^(0|[1-9]\d{0,6})$/.test(text) ? Number(text) : Number.NaN
