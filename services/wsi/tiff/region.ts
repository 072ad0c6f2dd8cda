import type { ByteSource } from '../slide.ts'
import { decodeTile } from './decode.ts'
import { type TiffImage, tileSize } from './image.ts'
import { Compression } from './tags.ts'

export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/** Decoded tiles kept for the next region, at least one row of tiles of a strip-wise reader up to 43,000 px wide. */
const CACHE_BYTES = 32 * 1024 * 1024

/** Rows of the strips into which an uncompressed image in one piece is cut. */
const STRIP_ROWS = 64

/**
 * An uncompressed image kept as one strip, as if it were cut into small ones, so that no more is read than a region needs;
 * any other image as it is.
 */
export function cutSingleStrip(image: TiffImage): TiffImage {
  const { tiled, compression, down, height, width, samplesPerPixel, bitsPerSample } = image
  if (tiled || compression !== Compression.None || down !== 1 || height <= STRIP_ROWS) return image
  const rowBytes = Math.ceil((width * samplesPerPixel * bitsPerSample) / 8)
  const strips = Math.ceil(height / STRIP_ROWS)
  const start = image.offsets[0] as number
  const offsets = Float64Array.from({ length: strips }, (_, i) => start + i * STRIP_ROWS * rowBytes)
  const counts = offsets.map((_, i) => Math.min(STRIP_ROWS, height - i * STRIP_ROWS) * rowBytes)
  // A strip shorter than its pixels stays visible as such: the last of the cut ones then lacks bytes.
  const end = start + (image.counts[0] as number)
  const inside = counts.map((count, i) => Math.max(0, Math.min(count, end - (offsets[i] as number))))
  return { ...image, tileHeight: STRIP_ROWS, down: strips, offsets, counts: inside }
}

/** Reads rectangles of a TIFF image as interleaved 8-bit RGB; missing tiles and what lies outside are white. */
export function createRegionReader(source: ByteSource, image: TiffImage) {
  const cache = new Map<number, Buffer>()
  let cached = 0

  const load = async (column: number, row: number, signal?: AbortSignal): Promise<Buffer | null> => {
    const index = row * image.across + column
    const count = image.counts[index] as number
    if (count === 0) return null
    const hit = cache.get(index)
    if (hit) return hit
    const { width, height } = tileSize(image, row)
    const bytes = await source.read(image.offsets[index] as number, count, signal)
    const tile = await decodeTile(image, bytes, width, height)
    cache.set(index, tile)
    cached += tile.length
    for (const [key, old] of cache) {
      if (cached <= CACHE_BYTES || key === index) break
      cache.delete(key)
      cached -= old.length
    }
    return tile
  }

  return async function readRegion(region: Rectangle, signal?: AbortSignal): Promise<Buffer> {
    const output = Buffer.alloc(region.width * region.height * 3, 0xff)
    const { tileWidth, tileHeight } = image
    const right = Math.min(region.x + region.width, image.width)
    const bottom = Math.min(region.y + region.height, image.height)
    for (let row = Math.floor(Math.max(region.y, 0) / tileHeight); row * tileHeight < bottom; row++) {
      for (let column = Math.floor(Math.max(region.x, 0) / tileWidth); column * tileWidth < right; column++) {
        signal?.throwIfAborted()
        const tile = await load(column, row, signal)
        if (tile) copyTile(tile, column * tileWidth, row * tileHeight, image, output, region)
      }
    }
    return output
  }
}

/** Copies what a tile at (left, top) shares with the image and the region. */
function copyTile(tile: Buffer, left: number, top: number, image: TiffImage, output: Buffer, region: Rectangle): void {
  const x0 = Math.max(left, region.x)
  const x1 = Math.min(left + image.tileWidth, image.width, region.x + region.width)
  const y0 = Math.max(top, region.y)
  const y1 = Math.min(top + image.tileHeight, image.height, region.y + region.height)
  if (x1 <= x0) return
  for (let y = y0; y < y1; y++) {
    const from = ((y - top) * image.tileWidth + (x0 - left)) * 3
    tile.copy(output, ((y - region.y) * region.width + (x0 - region.x)) * 3, from, from + (x1 - x0) * 3)
  }
}
