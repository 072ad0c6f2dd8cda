/**
 * One Deep Zoom tile as a complete JPEG: the stored tile, clipped without loss at the slide's edge; below the smallest
 * stored level the picture is halved by averaging.
 */
import { allocatePadded } from '@coverslip/wsi/convert/block.ts'
import { paddedTo } from '@coverslip/wsi/convert/plan.ts'
import { halve, paste, repeatEdges } from '@coverslip/wsi/convert/planes.ts'
import { crop, decodeYuv, encodeYuv } from '@coverslip/wsi/turbojpeg.ts'
import type { Rendition } from '../renditions/rendition.ts'
import type { TilePlace } from './levels.ts'
import { isRendered, storedLevel } from './rendered-tile.ts'
import { whiteTile } from './white-tile.ts'

/** Small pictures are re-encoded once; a higher quality costs nothing here. */
const SMALL_QUALITY = 92
/** Planes are halved two samples at a time, chroma too: sides must be padded to a multiple of 4. */
const PADDING = 16

/**
 * A tile of which {@link isRendered} says that nobody has to render it.
 * @throws SlideFileError `damaged`
 */
export async function readTile(rendition: Rendition, place: TilePlace, signal?: AbortSignal): Promise<Buffer> {
  const level = storedLevel(rendition, place.halvings)
  if (level === undefined) return shrink(rendition, place, signal)
  const whole = await rendition.readTile(level, place.column, place.row, signal)
  if (!whole) return whiteTile(place.width, place.height)
  const clipped = place.width < rendition.tileSize || place.height < rendition.tileSize
  return clipped ? crop(whole, place.width, place.height) : whole
}

/** The same when it is stored and to be had without waiting; never throws. */
export function readTileNow(rendition: Rendition, place: TilePlace): Buffer | undefined {
  const level = storedLevel(rendition, place.halvings)
  if (level === undefined || isRendered(rendition, place)) return undefined
  try {
    const whole = rendition.readTileNow?.(level, place.column, place.row)
    const clipped = place.width < rendition.tileSize || place.height < rendition.tileSize
    return whole && clipped ? crop(whole, place.width, place.height) : whole
  } catch {
    // Whoever reads it the ordinary way says what is wrong.
    return undefined
  }
}

/** A tile of a level as it is stored, clipped at the level's edge. */
export async function readStoredTile(
  rendition: Rendition,
  { level, x, y }: { level: number; x: number; y: number },
  signal?: AbortSignal,
): Promise<Buffer> {
  const { width, height } = rendition.levels[level]!
  const { tileSize } = rendition
  const [wide, high] = [Math.min(tileSize, width - x * tileSize), Math.min(tileSize, height - y * tileSize)]
  const whole = await rendition.readTile(level, x, y, signal)
  if (!whole) return whiteTile(wide, high)
  return wide < tileSize || high < tileSize ? crop(whole, wide, high) : whole
}

/** A level below one tile: the rendition's last level, halved as often as it takes. */
async function shrink(rendition: Rendition, place: TilePlace, signal?: AbortSignal): Promise<Buffer> {
  const last = rendition.levels.length - 1
  const level = rendition.levels[last]!
  const whole = await rendition.readTile(last, 0, 0, signal)
  if (!whole) return whiteTile(place.width, place.height)
  const decoded = decodeYuv(crop(whole, level.width, level.height))
  const { subsampling } = decoded
  let picture = allocatePadded(level.width, level.height, PADDING, subsampling)
  paste(decoded, picture, 0, 0)
  for (let halvings = last; halvings < place.halvings; halvings += 1) {
    // An odd side's last pixels are averaged with themselves.
    repeatEdges(picture, paddedTo(PADDING, picture.width), paddedTo(PADDING, picture.height))
    const half = allocatePadded(Math.ceil(picture.width / 2), Math.ceil(picture.height / 2), PADDING, subsampling)
    halve(picture, half)
    picture = half
  }
  return encodeYuv(picture, picture.width, picture.height, { quality: SMALL_QUALITY })
}
