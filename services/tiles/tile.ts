/**
 * One Deep Zoom tile as a complete JPEG: the stored bytes with their tables in front, clipped without loss at the
 * slide's edge; below the pyramid's last level the picture is halved by averaging.
 */
import { allocatePadded } from '@coverslip/wsi/convert/block.ts'
import { paddedTo } from '@coverslip/wsi/convert/plan.ts'
import { halve, paste, repeatEdges } from '@coverslip/wsi/convert/planes.ts'
import { spliceTables } from '@coverslip/wsi/jpeg.ts'
import { crop, decodeYuv, encodeYuv } from '@coverslip/wsi/turbojpeg.ts'
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
  const decoded = decodeYuv(jpeg)
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
