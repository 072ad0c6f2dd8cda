import type { PlaneSubsampling, YuvPlanes } from '../yuv.ts'
import type { Scratch } from './block.ts'
import type { BlockGeometry } from './plan.ts'

/** How the planes of a block are wanted. */
export interface DecodeSettings {
  tileSize: number
  subsampling: PlaneSubsampling
  scratch: Scratch
}

/**
 * Gives level-0 blocks inside a worker thread, from the source's own file. A module that exports
 * `createDecoder(setup): BlockDecoder` is named by a BlockSource (source.ts).
 */
export interface BlockDecoder<Request> {
  /**
   * Planes from the block's first pixel on, in the sampling that is asked for, with room to fill its last tiles: for
   * `paddedTo(tileSize, width)` x `paddedTo(tileSize, height)` pixels. They are used up before the next call.
   * @param request what the source said about this block
   * @throws SlideFileError `damaged`
   */
  decode(block: BlockGeometry, request: Request, settings: DecodeSettings): YuvPlanes
}
