/** What a thread is sent to render a picture, and what it answers. */
import type { Reduction } from '@coverslip/wsi/turbojpeg.ts'
import type { Picture, Rectangle } from './picture.ts'

/** A stored tile: a complete JPEG and the place of its first pixel in the level after the reduction. */
export interface Piece {
  x: number
  y: number
  /** Names the tile among all of all renditions: a thread may still have its pixels. */
  id: string
  jpeg: Uint8Array
}

export interface Job {
  crop: Rectangle
  /** Tiles that are decoded and put together, or the pixels of the crop where the rendition gives pixels only. */
  source: { pieces: readonly Piece[]; tileSize: number; reduction: Reduction } | { pixels: Uint8Array }
  picture: Pick<Picture, 'size' | 'mirror' | 'rotation' | 'quality' | 'format' | 'icc'>
  /** The slide's profile, where the picture wants it. */
  profile: Uint8Array | null
}

export type Answer = { bytes: Uint8Array<ArrayBuffer> } | { failure: { code: string | null; message: string } }
