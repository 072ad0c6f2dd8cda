import { createHash } from 'node:crypto'
import {
  type Allocate,
  allocateYuv,
  encodeYuv,
  type PlaneSubsampling,
  type YuvImage,
  type YuvPlanes,
} from '../turbojpeg.ts'
import { type BlockGeometry, paddedTo } from './plan.ts'
import { from, halve, repeatEdges } from './planes.ts'
import type { Coding } from './quality-policy.ts'
import { abbreviate } from './shared-tables.ts'

export interface TileSettings {
  tileSize: number
  coding: Coding
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
    const larger = new Uint8Array(bytes)
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
      const place = { level: block.level + i, column: left + column, row: top + row }
      tiles.push({ ...place, length: jpeg.length, digest: digestOf(jpeg, tileSize) })
      parts.push(jpeg)
    }
    if (i + 1 < block.levels) image = halved(image, tileSize, scratch(`level ${i + 1}`))
    // The share leaves this thread with its memory.
    else if (block.reduced) image = halved(image, tileSize)
  }
  return { tiles, bytes: joined(parts), reduced: block.reduced ? image : null }
}

function halved(image: YuvImage, tileSize: number, allocate?: Allocate): YuvImage {
  const { width, height, subsampling } = image
  const half = allocatePadded((width + 1) >> 1, (height + 1) >> 1, tileSize, subsampling, allocate)
  halve(image, half)
  return half
}

function* encodeTiles(image: YuvImage, { tileSize, coding }: TileSettings) {
  for (let row = 0; row * tileSize < image.height; row++) {
    for (let column = 0; column * tileSize < image.width; column++) {
      const tile = from(image, column * tileSize, row * tileSize)
      yield { column, row, jpeg: abbreviate(encodeYuv(tile, tileSize, tileSize, coding)) }
    }
  }
}

/** Most bytes of a tile of one colour, with its markers: 10 bits for each square of 8 pixels at 4:2:0, 14 at 4:4:4. */
const glassBytes = (tileSize: number): number => tileSize ** 2 / 32 + 100

/** Half a SHA-256 of a tile as small as those of bare glass: only they are worth a look for an equal one. */
const digestOf = (jpeg: Buffer, tileSize: number): string =>
  jpeg.length > glassBytes(tileSize) ? '' : createHash('sha256').update(jpeg).digest('binary').slice(0, 16)

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
