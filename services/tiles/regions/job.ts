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

/** Tiles in one piece of memory, which changes hands: a message of many buffers costs as much as decoding three tiles. */
export interface PackedTiles {
  bytes: Uint8Array<ArrayBuffer>
  /** Four numbers a tile: x, y, where it begins in `bytes`, its length. */
  places: Float64Array<ArrayBuffer>
  /** Names the level among all of all renditions. */
  level: string
  tileSize: number
  reduction: Reduction
}

export interface Job {
  crop: Rectangle
  /** Tiles that are decoded and put together, or the pixels of the crop where the rendition gives pixels only. */
  source: PackedTiles | { pixels: Uint8Array }
  picture: Pick<Picture, 'size' | 'mirror' | 'rotation' | 'quality' | 'format' | 'icc'>
  /** The slide's profile, where the picture wants it. */
  profile: Uint8Array | null
}

export type Answer = { bytes: Uint8Array<ArrayBuffer> } | { failure: { code: string | null; message: string } }

export function packTiles(
  pieces: readonly Omit<Piece, 'id'>[],
  of: Omit<PackedTiles, 'bytes' | 'places'>,
): PackedTiles {
  const bytes = memoryFor(pieces.reduce((sum, { jpeg }) => sum + jpeg.length, 0))
  const places = new Float64Array(pieces.length * 4)
  let at = 0
  for (const [i, { x, y, jpeg }] of pieces.entries()) {
    bytes.set(jpeg, at)
    places.set([x, y, at, jpeg.length], i * 4)
    at += jpeg.length
  }
  return { ...of, bytes, places }
}

/** Not filled with zeros first; not from Buffer's pool, which cannot change hands. */
const memoryFor = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)

export function unpackTiles({ bytes, places, level }: PackedTiles): Piece[] {
  return Array.from({ length: places.length / 4 }, (_, i) => {
    const [x, y, at, length] = places.subarray(i * 4, i * 4 + 4) as unknown as [number, number, number, number]
    return { x, y, id: `${level}/${x}_${y}`, jpeg: bytes.subarray(at, at + length) }
  })
}
