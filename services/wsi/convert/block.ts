import { type Allocate, allocateYuv, type PlaneSubsampling, type YuvImage, type YuvPlanes } from '../yuv.ts'
import { allocateForSimd } from './halve-simd.ts'
import { type BlockGeometry, paddedTo } from './plan.ts'
import { from, halve, repeatEdges } from './planes.ts'
import type { TileEncoder } from './tile-encoder.ts'

/** Tiles of a block's levels one after another in `bytes`; the share in the level after them. */
export interface BlockResult {
  tiles: TilePlace[]
  bytes: Uint8Array
  reduced: YuvImage | null
}

export interface TilePlace {
  level: number
  column: number
  row: number
  length: number
  /** Of a tile that shows next to nothing, and that others may be equal to; else empty. */
  digest: string
}

/** Memory by purpose, kept from block to block: fresh tens of megabytes for each would wait for the garbage collector. */
export type Scratch = (purpose: string) => Allocate

export function createScratch(): Scratch {
  const kept = new Map<string, Uint8Array>()
  return purpose => bytes => {
    const memory = kept.get(purpose)
    if (memory && memory.length >= bytes) return memory.subarray(0, bytes)
    const larger = allocateForSimd(bytes) ?? new Uint8Array(bytes)
    kept.set(purpose, larger)
    return larger
  }
}

/** Planes for a block's pixels with room to fill its last tiles. */
export function allocatePadded(
  width: number,
  height: number,
  tileSize: number,
  subsampling: PlaneSubsampling = '4:2:0',
  allocate?: Allocate,
): YuvImage {
  const planes = allocateYuv(paddedTo(tileSize, width), paddedTo(tileSize, height), subsampling, allocate)
  return { ...planes, width, height }
}

/**
 * Makes a block's tiles at all its levels from its pixels. Each level is averaged from the pixels of the one before, not
 * from what JPEG left of them.
 * @param planes from the block's first pixel on, with room for its last tiles
 */
export function encodeBlock(
  block: BlockGeometry,
  planes: YuvPlanes,
  { tileSize, encoder, scratch }: { tileSize: number; encoder: TileEncoder; scratch: Scratch },
): BlockResult {
  const tiles: TilePlace[] = []
  let image: YuvImage = { ...planes, width: block.width, height: block.height }
  for (let i = 0; i < block.levels; i++) {
    repeatEdges(image, paddedTo(tileSize, image.width), paddedTo(tileSize, image.height))
    // The block's first tile at this level.
    const [left, top] = [(block.x / tileSize) >> i, (block.y / tileSize) >> i]
    // The share leaves this thread with its memory.
    const inside = i + 1 < block.levels
    const half =
      inside || block.reduced ? halfOf(image, tileSize, inside ? scratch(`level ${i + 1}`) : undefined) : null
    for (let row = 0; row * tileSize < image.height; row++) {
      for (let column = 0; column * tileSize < image.width; column++) {
        const encoded = encoder.encode(from(image, column * tileSize, row * tileSize))
        tiles.push({ level: block.level + i, column: left + column, row: top + row, ...encoded })
      }
      // While the row is at hand in the processor's cache.
      if (half) halveRows(image, half, row * tileSize, tileSize)
    }
    if (!half) return { tiles, bytes: encoder.take(), reduced: null }
    image = half
  }
  return { tiles, bytes: encoder.take(), reduced: image }
}

/** Room for an image of half the size. */
function halfOf({ width, height, subsampling }: YuvImage, tileSize: number, allocate?: Allocate): YuvImage {
  return allocatePadded((width + 1) >> 1, (height + 1) >> 1, tileSize, subsampling, allocate)
}

/** Halves `rows` rows from `top` on, both even. */
function halveRows(image: YuvImage, half: YuvImage, top: number, rows: number): void {
  const height = Math.min(rows, image.height - top)
  halve({ ...from(image, 0, top), width: image.width, height }, from(half, 0, top >> 1))
}
