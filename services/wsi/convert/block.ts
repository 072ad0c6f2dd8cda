import { type Allocate, allocateYuv, type PlaneSubsampling, type YuvImage, type YuvPlanes } from '../yuv.ts'
import type { FillTile } from './decoder.ts'
import { allocateForSimd } from './halve-simd.ts'
import { type BlockGeometry, paddedTo } from './plan.ts'
import { from, halve, repeatEdges } from './planes.ts'
import { createTileEncoder, type EncodedTile, type TileSettings } from './tile-encoder.ts'

/** Tiles of a block's levels one after another in `bytes`, level by level; the share in the level after them. */
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

/** Memory by purpose, kept from block to block: fresh megabytes for each would wait for the garbage collector. */
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

/** Memory for one tile of a level, and its quarters in rows. */
interface LevelTile {
  planes: YuvPlanes
  quarters: readonly YuvPlanes[]
}

function levelTile(level: number, { tileSize, coding: { subsampling } }: TileSettings, scratch: Scratch): LevelTile {
  // Vectors write sixteen samples at once, which shall not reach from one quarter into the next.
  const allocate = tileSize % 64 === 0 ? scratch(`level ${level}`) : undefined
  const planes = allocateYuv(tileSize, tileSize, subsampling, allocate)
  const half = tileSize / 2
  return { planes, quarters: QUARTERS.map(({ x, y }) => from(planes, x * half, y * half)) }
}

const QUARTERS = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: 1, y: 1 },
] as const

/**
 * Makes a block's tiles at all its levels. Each level is averaged from the pixels of the one before, not from what JPEG
 * left of them.
 */
export type EncodeBlock = (block: BlockGeometry, fill: FillTile) => BlockResult

/**
 * Goes through blocks by squares of tiles: four tiles of a level, then the one that they are reduced to. There is no more
 * than one tile of each level in memory, and they stay in the processor's cache.
 */
export function createBlockEncoder(settings: TileSettings, scratch: Scratch): EncodeBlock {
  const { tileSize } = settings
  const encoder = createTileEncoder(settings)
  const kept: LevelTile[] = []

  return (block, fill) => {
    const tiles: (TilePlace & EncodedTile)[] = []
    const [left, top] = [block.x / tileSize, block.y / tileSize]
    const build = (i: number, column: number, row: number): YuvImage => {
      kept[i] ??= levelTile(i, settings, scratch)
      const { planes, quarters } = kept[i] as LevelTile
      if (i === 0) fill(column, row, planes)
      else {
        for (const [q, { x, y }] of QUARTERS.entries()) {
          const below = { level: i - 1, column: column * 2 + x, row: row * 2 + y }
          if (isInside(block, below, tileSize)) halve(build(i - 1, below.column, below.row), quarters[q] as YuvPlanes)
        }
      }
      const image = { ...planes, ...pixelsOf(block, { level: i, column, row }, tileSize) }
      repeatEdges(image, tileSize, tileSize)
      // What follows the block's levels is its share of another one.
      if (i < block.levels) {
        const place = { level: block.level + i, column: (left >> i) + column, row: (top >> i) + row }
        tiles.push({ ...place, ...encoder.encode(image) })
      }
      return image
    }
    encoder.begin()
    const last = build(block.reduced ? block.levels : block.levels - 1, 0, 0)
    // Who looks at a level finds its tiles side by side.
    tiles.sort((a, b) => a.level - b.level)
    return { tiles, bytes: encoder.bytesOf(tiles), reduced: block.reduced ? copyOf(last) : null }
  }
}

/** A tile by its place in a block, levels counted from the block's own. */
type Place = Pick<TilePlace, 'level' | 'column' | 'row'>

/** Pixels of a tile inside the slide. */
function pixelsOf({ width, height }: BlockGeometry, { level, column, row }: Place, tileSize: number) {
  const reduced = (pixels: number) => Math.ceil(pixels / 2 ** level)
  return {
    width: Math.min(tileSize, reduced(width) - column * tileSize),
    height: Math.min(tileSize, reduced(height) - row * tileSize),
  }
}

function isInside(block: BlockGeometry, place: Place, tileSize: number): boolean {
  const { width, height } = pixelsOf(block, place, tileSize)
  return width > 0 && height > 0
}

/** In memory of its own, to be handed to another thread. */
function copyOf(image: YuvImage): YuvImage {
  const { y, u, v, subsampling, width, height, yStride } = image
  const copy = allocateYuv(yStride, y.length / yStride, subsampling)
  for (const [from, to] of [
    [y, copy.y],
    [u, copy.u],
    [v, copy.v],
  ] as const)
    to.set(from)
  return { ...copy, width, height }
}
