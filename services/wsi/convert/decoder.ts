import type { PlaneSubsampling, YuvImage, YuvPlanes } from '../yuv.ts'
import type { Scratch } from './block.ts'
import type { BlockGeometry } from './plan.ts'
import { from, paste } from './planes.ts'

/** How the pixels of a block are wanted. */
export interface DecodeSettings {
  tileSize: number
  subsampling: PlaneSubsampling
  scratch: Scratch
}

/**
 * Puts the pixels of one tile of a block's first level to where `target`'s planes begin; what lies outside of the slide
 * is of no account. Tiles are asked for in squares of two, four, eight…, each once; `target` is the same every time and
 * still shows the tile before, as far as that lay inside the slide.
 * @throws SlideFileError `damaged`
 */
export type FillTile = (column: number, row: number, target: YuvPlanes) => void

/**
 * Gives level-0 blocks inside a worker thread, from the source's own file. A module that exports
 * `createDecoder(setup): BlockDecoder` is named by a BlockSource (source.ts).
 */
export interface BlockDecoder<Request> {
  /**
   * The tiles of a block, in the sampling that is asked for, until the next call.
   * @param request what the source said about this block
   * @throws SlideFileError `damaged`
   */
  decode(block: BlockGeometry, request: Request, settings: DecodeSettings): FillTile
}

/** The tiles of planes that hold a whole block, with room to fill its last ones. */
export const tilesOf =
  (planes: YuvPlanes, tileSize: number): FillTile =>
  (column, row, target) => {
    const tile: YuvImage = { ...from(planes, column * tileSize, row * tileSize), width: tileSize, height: tileSize }
    paste(tile, target, 0, 0)
  }
