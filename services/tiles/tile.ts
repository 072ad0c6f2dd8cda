/**
 * One Deep Zoom tile as a complete JPEG: the stored bytes with their tables in front, clipped without loss at the
 * slide's edge; below the pyramid's last level the picture is halved by averaging.
 */
import { allocatePadded } from '@coverslip/wsi/convert/block.ts'
import { paddedTo } from '@coverslip/wsi/convert/plan.ts'
import { halve, repeatEdges } from '@coverslip/wsi/convert/planes.ts'
import { spliceTables } from '@coverslip/wsi/jpeg.ts'
import { crop, decodeYuv420Into, encodeYuv420 } from '@coverslip/wsi/turbojpeg.ts'
import type { TilePlace } from './deepzoom.ts'
import type { PyramidFile, PyramidLevel } from './pyramid-file.ts'

/** Small pictures are re-encoded once; a higher quality costs nothing here. */
const SMALL_QUALITY = 92
/** Planes are halved two samples at a time, chroma too: sides must be padded to a multiple of 4. */
const PADDING = 16

export async function readTile(pyramid: PyramidFile, place: TilePlace): Promise<Buffer> {
  const level = pyramid.levels[place.halvings]
  if (!level) return shrink(pyramid, place)
  const whole = await readWholeTile(pyramid, level, place.column, place.row)
  const clipped = place.width < pyramid.tileSize || place.height < pyramid.tileSize
  return clipped ? crop(whole, place.width, place.height) : whole
}

/** A stored tile at its full, padded size. */
export async function readWholeTile(
  pyramid: PyramidFile,
  level: PyramidLevel,
  column: number,
  row: number,
): Promise<Buffer> {
  return spliceTables(level.tables, await pyramid.readTile(level, column, row))
}

/** A level below one tile: the pyramid's last level, halved as often as it takes. */
async function shrink(pyramid: PyramidFile, place: TilePlace): Promise<Buffer> {
  const last = pyramid.levels.length - 1
  const level = pyramid.levels[last]!
  const jpeg = crop(await readWholeTile(pyramid, level, 0, 0), level.width, level.height)
  let picture = allocatePadded(level.width, level.height, PADDING)
  decodeYuv420Into(jpeg, picture, level.width, level.height)
  for (let halvings = last; halvings < place.halvings; halvings += 1) {
    // An odd side's last pixels are averaged with themselves.
    repeatEdges(picture, paddedTo(PADDING, picture.width), paddedTo(PADDING, picture.height))
    const half = allocatePadded(Math.ceil(picture.width / 2), Math.ceil(picture.height / 2), PADDING)
    halve(picture, half)
    picture = half
  }
  return encodeYuv420(picture, picture.width, picture.height, { quality: SMALL_QUALITY })
}
