/**
 * Tiles put together to a canvas. The pixels of the last tiles are kept, since neighbouring pictures share them; all
 * memory is used again, since fresh pages cost as much as a third of the decoding.
 */
import { decodeReduced } from '@coverslip/wsi/turbojpeg.ts'
import type { Job, Piece } from './job.ts'
import type { Rectangle } from './picture.ts'

interface Decoded {
  width: number
  height: number
  data: Uint8Array
}

export interface Painter {
  /**
   * Interleaved RGB of the crop, white where there is no tile; in memory that the next call overwrites.
   * @throws SlideFileError `damaged`
   */
  paint(job: Pick<Job, 'crop' | 'source'>): Uint8Array
}

/** A larger canvas is not kept. */
const KEPT_CANVAS = 12 * 1024 * 1024

/** @param room bytes of decoded tiles that are kept */
export function createPainter(room: number): Painter {
  // In the order in which they were last used.
  const kept = new Map<string, Decoded>()
  const spare: Uint8Array[] = []
  let bytes = 0
  let canvas = new Uint8Array(0)

  /** Memory of a tile that has left, where it has the very size: all tiles of a slide are alike. */
  function allocate(length: number): Uint8Array {
    while (bytes + length > room) {
      const [oldest] = kept
      if (!oldest) break
      kept.delete(oldest[0])
      bytes -= oldest[1].data.length
      spare.push(oldest[1].data)
    }
    const last = spare.pop()
    return last?.length === length ? last : new Uint8Array(length)
  }

  function decode({ id, jpeg }: Piece, reduction: 1 | 2 | 4 | 8): Decoded {
    const key = `${id}/${reduction}`
    const known = kept.get(key)
    if (known) {
      kept.delete(key)
      kept.set(key, known)
      return known
    }
    const tile = decodeReduced(jpeg, reduction, allocate)
    kept.set(key, tile)
    bytes += tile.data.length
    spare.length = 0
    return tile
  }

  function canvasFor(length: number): Uint8Array {
    if (length > KEPT_CANVAS) return new Uint8Array(length)
    if (canvas.length < length) canvas = new Uint8Array(length)
    return canvas.subarray(0, length)
  }

  return {
    paint({ crop, source }) {
      if ('pixels' in source) return source.pixels
      const target = canvasFor(crop.width * crop.height * 3)
      // Where no tile is missing, nothing would show that the canvas was white before.
      if (source.pieces.length < tilesUnder(crop, source.tileSize)) target.fill(255)
      for (const piece of source.pieces) copyTile(decode(piece, source.reduction), piece, target, crop)
      return target
    },
  }
}

function tilesUnder({ x, y, width, height }: Rectangle, side: number): number {
  const across = Math.ceil((x + width) / side) - Math.floor(x / side)
  return across * (Math.ceil((y + height) / side) - Math.floor(y / side))
}

function copyTile(tile: Decoded, at: { x: number; y: number }, canvas: Uint8Array, crop: Rectangle): void {
  const left = Math.max(at.x, crop.x)
  const right = Math.min(at.x + tile.width, crop.x + crop.width)
  const bottom = Math.min(at.y + tile.height, crop.y + crop.height)
  if (right <= left) return
  for (let y = Math.max(at.y, crop.y); y < bottom; y += 1) {
    const from = ((y - at.y) * tile.width + left - at.x) * 3
    const to = ((y - crop.y) * crop.width + left - crop.x) * 3
    canvas.set(tile.data.subarray(from, from + (right - left) * 3), to)
  }
}
