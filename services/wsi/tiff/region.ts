import { release } from '../release.ts'
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

/** Decoded strips are kept in so many bytes as a rule, and in no more than so many. */
const STRIP_CACHE = 128 * 1024 * 1024
const MAX_STRIP_CACHE = 192 * 1024 * 1024

/**
 * Strips are as wide as the image, so that every block of a row of blocks needs the same ones: they are kept for so many
 * rows, that each is decoded once when such rows are read from left to right (up to 60,000 px).
 * @param width pixels of the image
 */
export const keptRows = (width: number): number => (width * 3 * 2048 <= STRIP_CACHE ? 2048 : 1024)

/** Tiles that are fetched while one is taken. */
const AHEAD = 3

function cacheSize({ tiled, width, tileHeight }: TiffImage): number {
  if (tiled) return TILE_CACHE
  // The strips at both ends belong to it in part.
  return Math.min(MAX_STRIP_CACHE, Math.max(TILE_CACHE, width * 3 * (keptRows(width) + 2 * tileHeight)))
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
  const cache = new Map<number, Kept>()
  const capacity = Math.max(1, Math.floor(cacheSize(image) / (image.tileWidth * image.tileHeight * 3)))

  const decode = async (index: number, row: number): Promise<Buffer> => {
    const { width, height } = tileSize(image, row)
    const bytes = await source.read(image.offsets[index] as number, image.counts[index] as number)
    return decodeTile(image, bytes, width, height)
  }

  /** A tile that several regions want at the same time is decoded once, so that no one's signal may stop it. */
  const load = (column: number, row: number, users: 0 | 1): Kept | null => {
    const index = row * image.across + column
    if (image.counts[index] === 0) return null
    const hit = cache.get(index)
    if (hit) {
      hit.users += users
      return hit
    }
    const kept: Kept = { tile: decode(index, row), users }
    cache.set(index, kept)
    kept.tile.catch(() => cache.delete(index))
    evict()
    return kept
  }
  /** The oldest that nobody waits for go first. */
  const evict = () => {
    for (const [key, { tile, users }] of cache) {
      if (cache.size <= capacity) break
      if (users > 0) continue
      cache.delete(key)
      tile.then(releaseWhole).catch(() => {})
    }
  }

  /** Reading and inflating go on in other threads: the next tiles are on their way while one is taken. */
  const ahead = Math.min(AHEAD, Math.floor(capacity / 4))

  return async function readRegion(region: Rectangle, signal?: AbortSignal): Promise<Buffer> {
    const output = Buffer.alloc(region.width * region.height * 3, 0xff)
    const places = tilesOf(image, region)
    for (const [i, { column, row }] of places.entries()) {
      signal?.throwIfAborted()
      const taken = load(column, row, 1)
      // What goes wrong shows when it is taken.
      for (const next of places.slice(i + 1, i + 1 + ahead)) load(next.column, next.row, 0)?.tile.catch(() => {})
      if (!taken) continue
      try {
        copyTile(await taken.tile, { column, row }, image, output, region)
      } finally {
        taken.users -= 1
      }
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

/** A decoded tile, and how many regions wait for it. */
interface Kept {
  tile: Promise<Buffer>
  users: number
}

function releaseWhole(tile: Buffer): void {
  // Small buffers share their memory with others.
  if (tile.byteLength === tile.buffer.byteLength) release(tile)
}

/** Copies what a tile shares with the image and the region. */
function copyTile(
  tile: Buffer,
  { column, row }: { column: number; row: number },
  image: TiffImage,
  output: Buffer,
  region: Rectangle,
): void {
  const [left, top] = [column * image.tileWidth, row * image.tileHeight]
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
