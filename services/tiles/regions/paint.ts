/** Tiles put together to a canvas of RGB pixels. */
import { decodeReduced, type RgbImage } from '@coverslip/wsi/turbojpeg.ts'
import { type Job, unpackTiles } from './job.ts'
import { createCanvas, createKeptTiles } from './kept-tiles.ts'
import type { Rectangle } from './picture.ts'

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
  const tiles = createKeptTiles<RgbImage>(room)
  const canvas = createCanvas(KEPT_CANVAS)
  return {
    paint({ crop, source }) {
      if ('pixels' in source) return source.pixels
      const { tileSize, reduction } = source
      const pieces = unpackTiles(source)
      const target = canvas(crop.width * crop.height * 3)
      // Where no tile is missing, nothing would show that the canvas was white before.
      if (pieces.length < tilesUnder(crop, tileSize)) target.fill(255)
      for (const { id, jpeg, x, y } of pieces) {
        const tile = tiles.get(`${id}/${reduction}`, allocate => decodeReduced(jpeg, reduction, allocate))
        const from = { data: tile.data, stride: tile.width * 3, width: tile.width * 3, height: tile.height }
        const to = { data: target, stride: crop.width * 3, width: crop.width * 3, height: crop.height }
        copyRows(from, to, (x - crop.x) * 3, y - crop.y)
      }
      return target
    },
  }
}

/** How many tiles a rectangle touches. */
export function tilesUnder({ x, y, width, height }: Rectangle, side: number): number {
  const across = Math.ceil((x + width) / side) - Math.floor(x / side)
  return across * (Math.ceil((y + height) / side) - Math.floor(y / side))
}

/** Rows of bytes. */
export interface Rows {
  data: Uint8Array
  stride: number
  /** Bytes of a row that count. */
  width: number
  height: number
}

/** Copies what of `from`, whose first byte lies at (left, top) of `to`, is inside `to`. */
export function copyRows(from: Rows, to: Rows, left: number, top: number): void {
  // Buffer's copy takes no view per row.
  const source = Buffer.from(from.data.buffer, from.data.byteOffset, from.data.byteLength)
  const first = Math.max(0, -left)
  const last = Math.min(from.width, to.width - left)
  const bottom = Math.min(from.height, to.height - top)
  if (last <= first) return
  for (let row = Math.max(0, -top); row < bottom; row += 1) {
    const at = row * from.stride
    source.copy(to.data, (top + row) * to.stride + left + first, at + first, at + last)
  }
}
