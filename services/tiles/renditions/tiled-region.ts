/** A rectangle of a level put together from the JPEG tiles that it touches. */
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import type { Pixels, RenditionLevel } from './rendition.ts'

interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/**
 * Decodes the tiles under a rectangle of a level, one row of tiles at a time; white outside the level and where a tile
 * is missing.
 * @param readTile a complete JPEG of one tile, undefined for one that the file leaves out
 */
export async function readTiledRegion(
  { level, tileSize }: { level: Pick<RenditionLevel, 'width' | 'height'>; tileSize: number },
  wanted: Rectangle,
  readTile: (column: number, row: number) => Promise<Buffer | undefined>,
): Promise<Pixels> {
  const data = new Uint8Array(wanted.width * wanted.height * 3).fill(255)
  const inside = intersect(wanted, { x: 0, y: 0, width: level.width, height: level.height })
  if (inside.width <= 0 || inside.height <= 0) return { data, width: wanted.width, height: wanted.height }
  const [left, right] = [Math.floor(inside.x / tileSize), Math.ceil((inside.x + inside.width) / tileSize)]
  const [top, bottom] = [Math.floor(inside.y / tileSize), Math.ceil((inside.y + inside.height) / tileSize)]
  for (let row = top; row < bottom; row += 1) {
    const columns = Array.from({ length: right - left }, (_, i) => left + i)
    const tiles = await Promise.all(columns.map(column => readTile(column, row)))
    for (const [i, jpeg] of tiles.entries()) {
      const place = { x: (left + i) * tileSize, y: row * tileSize, width: tileSize, height: tileSize }
      if (jpeg) copyPixels(decodeRgb(jpeg), place, intersect(inside, place), data, wanted)
    }
  }
  return { data, width: wanted.width, height: wanted.height }
}

/** The part of a decoded tile, which lies at `place`, that is in `part`, into the picture of `wanted`. */
function copyPixels(tile: Pixels, place: Rectangle, part: Rectangle, data: Uint8Array, wanted: Rectangle): void {
  const width = Math.min(part.width, tile.width - (part.x - place.x))
  const height = Math.min(part.height, tile.height - (part.y - place.y))
  for (let y = 0; y < height; y += 1) {
    const from = ((part.y - place.y + y) * tile.width + part.x - place.x) * 3
    const to = ((part.y - wanted.y + y) * wanted.width + part.x - wanted.x) * 3
    data.set(tile.data.subarray(from, from + width * 3), to)
  }
}

function intersect(one: Rectangle, other: Rectangle): Rectangle {
  const x = Math.max(one.x, other.x)
  const y = Math.max(one.y, other.y)
  return {
    x,
    y,
    width: Math.min(one.x + one.width, other.x + other.width) - x,
    height: Math.min(one.y + one.height, other.y + other.height) - y,
  }
}
