import type { JpegCoder } from './coder.ts'
import { cut } from './grid.ts'
import { createRenderer, type Scene } from './render.ts'

/** Stored images per photograph and side. */
export const DIVISIONS = 4

/** What a worker is told once. */
export interface PhotoSettings {
  scene: Scene
  /** Side of a stored image, pixels. */
  tileSize: number
  quality: number
  /** Pixels that neighbouring photographs share. */
  overlap: number
}

/** One photograph of the camera, cut into images for the first zoom levels. */
export interface Photo {
  /** Complete JPEGs, row by row: 16 of level 0, 4 of level 1, 1 of level 2; null where nothing but glass is seen. */
  levels: [Uint8Array[], Uint8Array[], Uint8Array[]] | null
  /** The same at an eighth, RGB. */
  eighth: Uint8Array
}

/** Where a photograph lies in the slide, level-0 pixels: its place in the grid, off by up to a quarter of the overlap. */
export function photoPosition(column: number, row: number, settings: PhotoSettings): { x: number; y: number } {
  const { scene, tileSize, overlap } = settings
  const side = tileSize * DIVISIONS
  const reach = Math.floor(overlap / 4)
  const jitter = (salt: number) =>
    reach === 0 ? 0 : (((column * 7919 + row * 104_729 + salt * 31 + scene.seed) >>> 0) % (2 * reach + 1)) - reach
  const at = (index: number, salt: number, length: number) =>
    Math.min(Math.max(0, index * (side - overlap) + jitter(salt)), length - side)
  return { x: at(column, 1, scene.width), y: at(row, 2, scene.height) }
}

/** Returns the function that draws and compresses one photograph. */
export function createPhotoMaker(settings: PhotoSettings, encode: JpegCoder['encode']) {
  const { scene, tileSize } = settings
  const side = tileSize * DIVISIONS
  const renderer = createRenderer(scene)
  const images = (rgb: Uint8Array, count: number): Uint8Array[] =>
    Array.from({ length: count * count }, (_, i) => {
      const [x, y] = [(i % count) * tileSize, Math.floor(i / count) * tileSize]
      return encode(cut(rgb, tileSize * count, x, y, tileSize, tileSize), tileSize, tileSize)
    })
  return (column: number, row: number): Photo => {
    const { x, y } = photoPosition(column, row, settings)
    const full = renderer.render(x, y, side, side)
    const half = halve(full, side, side)
    const quarter = halve(half, side / 2, side / 2)
    const eighth = halve(quarter, side / 4, side / 4)
    // The scanner leaves out what its overview shows as empty, but never the first photograph.
    const empty = column + row > 0 && isGlass(eighth)
    return { levels: empty ? null : [images(full, 4), images(half, 2), images(quarter, 1)], eighth }
  }
}

/** Glass is lighter than this in every channel, at an eighth of the pixels. */
const GLASS = 228
const isGlass = (rgb: Uint8Array): boolean => rgb.every(value => value >= GLASS)

/** Averages squares of two by two pixels of interleaved RGB; both sides are even. */
export function halve(rgb: Uint8Array, width: number, height: number): Buffer {
  const [w, h] = [width / 2, height / 2]
  const out = Buffer.alloc(w * h * 3)
  for (let y = 0, to = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = (y * 2 * width + x * 2) * 3
      const below = from + width * 3
      for (let c = 0; c < 3; c++, to++) {
        const sum = rgb[from + c]! + rgb[from + 3 + c]! + rgb[below + c]! + rgb[below + 3 + c]!
        out[to] = (sum + 2) >> 2
      }
    }
  }
  return out
}
