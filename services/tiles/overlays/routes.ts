/** Heat maps: taken, listed, deleted, and shown as tiles. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { readBytes } from '@coverslip/platform/http/body.ts'
import type { HttpCall, HttpHandler, RawHttpHandler } from '@coverslip/platform/module.ts'
import type { OverlayLooks, OverlayView } from '@coverslip/proto/api/overlays.ts'
import type { CacheKey } from '../cache/keys.ts'
import type { TileCache } from '../cache/tile-cache.ts'
import { placeTile, type TilePlace, topLevel } from '../deepzoom/levels.ts'
import { notModified, sendPicture } from '../hot/answer.ts'
import type { TileMeter } from '../hot/meter.ts'
import type { OpenSlides } from '../slides/slides.ts'
import type { ServedSlide } from '../store.ts'
import { alphasOf, coloursOf, entriesOf } from './colour.ts'
import type { Overlays } from './overlays.ts'
import { paintTile } from './paint.ts'
import { codeEntries, withColours } from './png.ts'
import { MOST_BYTES } from './read-grid.ts'
import type { Overlay } from './rows.ts'
import { takeGrid } from './taking.ts'

export interface OverlayParts {
  overlays: Overlays
  slides: OpenSlides
  cache: TileCache
  meter: TileMeter
}

const TILE_SIZE = 256
const TOO_LARGE = `A heat map may have at most ${MOST_BYTES} bytes`
/** Grids that are taken at once: each is held in memory several times over. */
const MOST_UPLOADS = 2

export function overlayRoutes(parts: OverlayParts): {
  routes: Record<string, HttpHandler>
  raw: Record<string, RawHttpHandler>
} {
  const { overlays, slides } = parts
  let uploads = 0

  async function allowed(call: HttpCall): Promise<ServedSlide> {
    const slide = await slides.find(call.params.id!)
    call.allow({ project: slide.project, slide: slide.slideId })
    return slide
  }

  return {
    routes: {
      'GET /api/slides/{id}/overlays': async call => {
        const { slideId } = await allowed(call)
        return { body: { overlays: (await overlays.list(slideId)).map(toView) } }
      },
      'POST /api/slides/{id}/overlays': async call => {
        const slide = await allowed(call)
        if (uploads >= MOST_UPLOADS)
          throw new ServiceError('unavailable', 'Other heat maps are being taken; try again soon')
        uploads += 1
        try {
          return { body: toView(await take(parts, call, slide)) }
        } finally {
          uploads -= 1
          // A body that was begun and given up is read to its end: the next request on its connection waits behind it.
          call.stream.resume()
        }
      },
      'DELETE /api/slides/{id}/overlays/{overlay}': async call => {
        const { slideId } = await allowed(call)
        await overlays.delete(slideId, call.params.overlay!)
        return {}
      },
    },
    raw: {
      'GET /tiles/{id}/overlays/{overlay}/{level}/{x}_{y}.png': async (call, req, res) => {
        const slide = await allowed(call)
        const overlay = await overlays.find(slide.slideId, call.params.overlay!)
        await answerTile(parts, { call, req, res }, slide, overlay)
      },
    },
  }
}

const toView = ({ createdAt, ...overlay }: Overlay): OverlayView => ({
  ...overlay,
  createdAt: createdAt.toISOString(),
})

type Wish = Pick<Overlay, 'name' | 'x' | 'y'> & Partial<Pick<Overlay, 'width' | 'height' | 'min' | 'max'>>

async function take({ overlays }: OverlayParts, call: HttpCall, slide: ServedSlide): Promise<Overlay> {
  const wish = call.query as unknown as Wish
  const { packed, ...grid } = await takeGrid(await readBytes(call.stream, MOST_BYTES, TOO_LARGE))
  const { width, height } = slide.renditions[0]!
  const { min = grid.low, max = grid.high } = wish
  if (min > max) throw new ServiceError('invalid', 'The colours must end at a larger value than they begin at')
  const place = { x: wish.x, y: wish.y, width: wish.width ?? width - wish.x, height: wish.height ?? height - wish.y }
  const within = place.x < width && place.y < height && place.x + place.width > 0 && place.y + place.height > 0
  if (!within || place.width <= 0 || place.height <= 0)
    throw new ServiceError('invalid', 'The heat map lies beside the slide')
  const id = randomUUID()
  const createdBy = call.principal.userId
  return overlays.save(slide.slideId, { id, name: wish.name, ...place, ...grid, min, max, steps: packed, createdBy })
}

/** A picture is coded once for all colours: another palette or opacity only changes its head. */
async function answerTile(
  { overlays, cache, meter }: OverlayParts,
  { call, req, res }: { call: HttpCall; req: IncomingMessage; res: ServerResponse },
  slide: ServedSlide,
  overlay: Overlay,
): Promise<void> {
  const begun = performance.now()
  const { palette, opacity, min = overlay.min, max = overlay.max } = call.query as unknown as OverlayLooks
  const { level, place } = placeOf(slide.renditions[0]!, call.params)
  const what = `${overlay.id}/${min}:${max}/${level}/${place.column}_${place.row}`
  const etag = `"${what}-${palette}-${opacity}"`
  if (notModified(req, res, etag)) return
  const load = async () => {
    const grids = await overlays.grids(overlay)
    const entries = entriesOf(overlay, { min, max })
    const painted = paintTile(grids, overlay, { place, tileSize: TILE_SIZE }, entries)
    return codeEntries(painted, place.width, place.height)
  }
  const { bytes: coded, from } = await cache.get(keyOf(slide.slideId, what), load, call.signal)
  const bytes = withColours(coded, coloursOf(palette), alphasOf(opacity))
  sendPicture(req, res, { bytes, etag, from, type: 'image/png' })
  meter.record(from, performance.now() - begun, bytes.length)
}

/** Made more quickly than fetched from another machine. */
const keyOf = (slideId: string, what: string): CacheKey => ({
  key: `/tiles/${slideId}/overlays/${what}`,
  content: '',
  shared: false,
})

/** @throws ServiceError `not-found` for what is no tile of the slide */
function placeOf(
  slide: { width: number; height: number },
  { level, x, y }: Record<string, string>,
): { level: number; place: TilePlace } {
  const [halvings, column, row] = [level, x, y].map(toIndex) as [number, number, number]
  const place = placeTile(slide, TILE_SIZE, topLevel(slide) - halvings, column, row)
  if (!place) throw new ServiceError('not-found', 'The slide has no such tile')
  return { level: halvings, place }
}

const toIndex = (text: string | undefined): number =>
  text !== undefined && /^(0|[1-9]\d{0,6})$/.test(text) ? Number(text) : Number.NaN
