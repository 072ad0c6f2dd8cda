import { type Allocate, allocateYuv420, encodeYuv420, type YuvImage, type YuvPlanes } from '../turbojpeg.ts'
import { type BlockGeometry, paddedTo } from './plan.ts'
import { from, halve, repeatEdges } from './planes.ts'
import { abbreviate } from './shared-tables.ts'

export interface TileSettings {
  tileSize: number
  quality: number
}

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
}

/** Memory by purpose, kept from block to block: fresh tens of megabytes for each would wait for the garbage collector. */
export type Scratch = (purpose: string) => Allocate

export function createScratch(): Scratch {
  const kept = new Map<string, Uint8Array>()
  return purpose => bytes => {
    const memory = kept.get(purpose)
    if (memory && memory.length >= bytes) return memory.subarray(0, bytes)
    const larger = new Uint8Array(bytes)
    kept.set(purpose, larger)
    return larger
  }
}

/** Planes for a block's pixels with room to fill its last tiles. */
export function allocatePadded(width: number, height: number, tileSize: number, allocate?: Allocate): YuvImage {
  return { ...allocateYuv420(paddedTo(tileSize, width), paddedTo(tileSize, height), allocate), width, height }
}

/**
 * Makes a block's tiles at all its levels from its pixels. Each level is averaged from the pixels of the one before, not
 * from what JPEG left of them.
 * @param planes from the block's first pixel on, with room for its last tiles
 */
export function encodeBlock(
  block: BlockGeometry,
  planes: YuvPlanes,
  settings: TileSettings,
  scratch: Scratch,
): BlockResult {
  const { tileSize } = settings
  const tiles: TilePlace[] = []
  const parts: Buffer[] = []
  let image: YuvImage = { ...planes, width: block.width, height: block.height }
  for (let i = 0; i < block.levels; i++) {
    repeatEdges(image, paddedTo(tileSize, image.width), paddedTo(tileSize, image.height))
    // The block's first tile at this level.
    const [left, top] = [(block.x / tileSize) >> i, (block.y / tileSize) >> i]
    for (const { column, row, jpeg } of encodeTiles(image, settings)) {
      tiles.push({ level: block.level + i, column: left + column, row: top + row, length: jpeg.length })
      parts.push(jpeg)
    }
    if (i + 1 < block.levels) image = halved(image, tileSize, scratch(`level ${i + 1}`))
    // The share leaves this thread with its memory.
    else if (block.reduced) image = halved(image, tileSize)
  }
  return { tiles, bytes: joined(parts), reduced: block.reduced ? image : null }
}

function halved(image: YuvImage, tileSize: number, allocate?: Allocate): YuvImage {
  const half = allocatePadded((image.width + 1) >> 1, (image.height + 1) >> 1, tileSize, allocate)
  halve(image, half)
  return half
}

function* encodeTiles(image: YuvImage, { tileSize, quality }: TileSettings) {
  for (let row = 0; row * tileSize < image.height; row++) {
    for (let column = 0; column * tileSize < image.width; column++) {
      const tile = from(image, column * tileSize, row * tileSize)
      yield { column, row, jpeg: abbreviate(encodeYuv420(tile, tileSize, tileSize, { quality })) }
    }
  }
}

/** In memory of its own, which can be handed to another thread: Buffer.concat takes small ones from a shared pool. */
function joined(parts: Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
