import type { CoderOptions, JpegCoder } from './coder.ts'
import { average, cut, REDUCTION } from './grid.ts'
import { createRenderer, type Scene } from './render.ts'

/** What a worker is told once. */
export interface BlockSettings {
  scene: Scene
  tileSize: number
  coder: CoderOptions
  /** Tiles are coded as runs between restart markers (NDPI) instead of as pictures of their own. */
  runs?: boolean
  /** The overview keeps one pixel of this many squared: 1, 4 or 16. */
  overviewScale: number
}

/** What a block of `REDUCTION` by `REDUCTION` tiles yields. */
export interface Block {
  /** JPEGs row by row; null for tiles beyond the slide's edge. */
  tiles: (Uint8Array | null)[]
  /** The same as one tile of the next level. */
  reduced: Uint8Array
  /** The same at a sixteenth, RGB. */
  small: Uint8Array
  /** The block's part of the overview, RGB. */
  overview: Uint8Array
}

/** Returns the function that draws and compresses one block, given its place in the grid of blocks. */
export function createBlockMaker(
  settings: BlockSettings,
  coder: Pick<JpegCoder, 'encode'>,
): (column: number, row: number) => Block {
  const { scene, tileSize, overviewScale } = settings
  const renderer = createRenderer(scene)
  const side = tileSize * REDUCTION
  const tile = (rgb: Uint8Array, left: number, top: number, i: number): Uint8Array | null => {
    const x = (i % REDUCTION) * tileSize
    const y = Math.floor(i / REDUCTION) * tileSize
    if (left + x >= scene.width || top + y >= scene.height) return null
    return coder.encode(cut(rgb, side, x, y, tileSize, tileSize), tileSize, tileSize)
  }
  return (column, row) => {
    const left = column * side
    const top = row * side
    const full = renderer.render(left, top, side, side)
    const quarter = average(full, side, side)
    const small = average(quarter, tileSize, tileSize)
    return {
      tiles: Array.from({ length: REDUCTION * REDUCTION }, (_, i) => tile(full, left, top, i)),
      reduced: coder.encode(quarter, tileSize, tileSize),
      small,
      overview: overviewScale === 1 ? full : overviewScale === REDUCTION ? quarter : small,
    }
  }
}
