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

/** Decoded tiles kept for the next region. */
const TILE_CACHE = 32 * 1024 * 1024

/**
 * Strips are as wide as the image, so that every block of a row of blocks needs the same ones: they are kept for so many
 * rows, that each is decoded once, within bounds (32,000 px wide).
 */
const STRIP_CACHE_ROWS = 2048
const MAX_STRIP_CACHE = 192 * 1024 * 1024

/** Tiles that are fetched while one is taken. */
const AHEAD = 3

function cacheSize({ tiled, width, tileHeight }: TiffImage): number {
  if (tiled) return TILE_CACHE
  // The strips at both ends belong to it in part.
  return Math.min(MAX_STRIP_CACHE, Math.max(TILE_CACHE, width * 3 * (STRIP_CACHE_ROWS + 2 * tileHeight)))
}

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
  const cache = new Map<number, Promise<Buffer>>()
  const capacity = Math.max(1, Math.floor(cacheSize(image) / (image.tileWidth * image.tileHeight * 3)))

  const decode = async (index: number, row: number): Promise<Buffer> => {
    const { width, height } = tileSize(image, row)
    const bytes = await source.read(image.offsets[index] as number, image.counts[index] as number)
    return decodeTile(image, bytes, width, height)
  }

  /** A tile that several regions want at the same time is decoded once, so that no one's signal may stop it. */
  const load = (column: number, row: number): Promise<Buffer> | null => {
    const index = row * image.across + column
    if (image.counts[index] === 0) return null
    const hit = cache.get(index)
    if (hit) return hit
    const tile = decode(index, row)
    cache.set(index, tile)
    tile.catch(() => cache.delete(index))
    for (const key of cache.keys()) {
      if (cache.size <= capacity) break
      cache.delete(key)
    }
    return tile
  }

  /** Reading and inflating go on in other threads: the next tiles are on their way while one is taken. */
  const ahead = Math.min(AHEAD, Math.floor(capacity / 4))

  return async function readRegion(region: Rectangle, signal?: AbortSignal): Promise<Buffer> {
    const output = Buffer.alloc(region.width * region.height * 3, 0xff)
    const places = tilesOf(image, region)
    for (const [i, { column, row }] of places.entries()) {
      signal?.throwIfAborted()
      const taken = load(column, row)
      // What goes wrong shows when it is taken.
      for (const next of places.slice(i + 1, i + 1 + ahead)) load(next.column, next.row)?.catch(() => {})
      const tile = await taken
      if (tile) copyTile(tile, column * image.tileWidth, row * image.tileHeight, image, output, region)
    }
    return output
  }
}

function tilesOf({ tileWidth, tileHeight, width, height }: TiffImage, region: Rectangle) {
  const places: { column: number; row: number }[] = []
  const right = Math.min(region.x + region.width, width)
  const bottom = Math.min(region.y + region.height, height)
  for (let row = Math.floor(Math.max(region.y, 0) / tileHeight); row * tileHeight < bottom; row++) {
    for (let column = Math.floor(Math.max(region.x, 0) / tileWidth); column * tileWidth < right; column++) {
      places.push({ column, row })
    }
  }
  return places
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
