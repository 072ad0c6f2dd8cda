/**
 * One Deep Zoom tile as a complete JPEG: the stored bytes with their tables in front, clipped without loss at the
 * slide's edge; below the pyramid's last level the picture is halved by averaging.
 */
import { spliceTables } from '@coverslip/wsi/jpeg.ts'
import { crop, decodeRgb, encodeRgb, type RgbImage } from '@coverslip/wsi/turbojpeg.ts'
import type { TilePlace } from './deepzoom.ts'
import type { PyramidFile, PyramidLevel } from './pyramid-file.ts'

/** Small pictures are re-encoded once; a higher quality costs nothing here. */
const SMALL_QUALITY = 85

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
  let picture: RgbImage = decodeRgb(crop(await readWholeTile(pyramid, level, 0, 0), level.width, level.height))
  for (let halvings = last; halvings < place.halvings; halvings += 1) picture = halve(picture)
  return encodeRgb(picture.data, picture.width, picture.height, { quality: SMALL_QUALITY })
}

/** Each pixel is the average of the up to four it covers; sides are rounded up. */
export function halve({ width, height, data }: RgbImage): RgbImage {
  const halfWidth = Math.ceil(width / 2)
  const halfHeight = Math.ceil(height / 2)
  const half = new Uint8Array(halfWidth * halfHeight * 3)
  for (let y = 0; y < halfHeight; y += 1) {
    const upper = 2 * y * width
    const lower = Math.min(2 * y + 1, height - 1) * width
    for (let x = 0; x < halfWidth; x += 1) {
      const left = 2 * x
      const right = Math.min(left + 1, width - 1)
      for (let c = 0; c < 3; c += 1) {
        const sum =
          data[(upper + left) * 3 + c]! +
          data[(upper + right) * 3 + c]! +
          data[(lower + left) * 3 + c]! +
          data[(lower + right) * 3 + c]!
        half[(y * halfWidth + x) * 3 + c] = (sum + 2) >> 2
      }
    }
  }
  return { width: halfWidth, height: halfHeight, data: half }
}
