/** A block is this many tiles wide and high: averaged four by four it is one tile of the next level. */
export const REDUCTION = 4

/** No level is wanted below this size, in tiles. */
const SMALLEST = 2

/** One tiled level of the file. */
export interface TiledLevel {
  width: number
  height: number
  columns: number
  rows: number
}

/** Aperio's levels: each a quarter of the one before, rounded down, until the next would be smaller than two tiles. */
export function tiledLevels(width: number, height: number, tileSize: number): TiledLevel[] {
  const levels: TiledLevel[] = []
  for (let scale = 1; scale === 1 || Math.max(width, height) / scale >= SMALLEST * tileSize; scale *= REDUCTION) {
    const w = Math.max(1, Math.floor(width / scale))
    const h = Math.max(1, Math.floor(height / scale))
    levels.push({ width: w, height: h, columns: Math.ceil(w / tileSize), rows: Math.ceil(h / tileSize) })
  }
  return levels
}

/** Averages squares of `REDUCTION` pixels of interleaved RGB; both sides are whole multiples of it. */
export function average(rgb: Uint8Array, width: number, height: number): Buffer {
  const w = width / REDUCTION
  const h = height / REDUCTION
  const half = (REDUCTION * REDUCTION) / 2
  const out = Buffer.alloc(w * h * 3)
  const sums = new Uint32Array(w * 3)
  for (let y = 0; y < h; y++) {
    sums.fill(half)
    for (let row = y * REDUCTION; row < (y + 1) * REDUCTION; row++) {
      let at = row * width * 3
      for (let x = 0; x < w * 3; x += 3) {
        for (let k = 0; k < REDUCTION; k++, at += 3) {
          sums[x] = (sums[x] as number) + (rgb[at] as number)
          sums[x + 1] = (sums[x + 1] as number) + (rgb[at + 1] as number)
          sums[x + 2] = (sums[x + 2] as number) + (rgb[at + 2] as number)
        }
      }
    }
    for (let i = 0; i < w * 3; i++) out[y * w * 3 + i] = (sums[i] as number) >> 4
  }
  return out
}

/** Copies a rectangle out of interleaved RGB. */
export function cut(rgb: Uint8Array, stride: number, x: number, y: number, width: number, height: number): Buffer {
  const out = Buffer.allocUnsafe(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * stride + x) * 3
    out.set(rgb.subarray(from, from + width * 3), row * width * 3)
  }
  return out
}

/** Copies a picture into a larger one; what does not fit is left out. */
export function paste(from: Uint8Array, width: number, into: Picture, x: number, y: number): void {
  const columns = Math.min(width, into.width - x)
  const rows = Math.min(from.length / 3 / width, into.height - y)
  if (columns <= 0) return
  for (let row = 0; row < rows; row++) {
    into.data.set(from.subarray(row * width * 3, (row * width + columns) * 3), ((y + row) * into.width + x) * 3)
  }
}

/** Interleaved 8-bit RGB. */
export interface Picture {
  width: number
  height: number
  data: Buffer
}
