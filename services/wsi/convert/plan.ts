import type { Level } from '../slide.ts'

/**
 * How a slide is cut for its conversion. A block is a square of `2 ** n` tiles edge length at some level; from its pixels
 * a worker makes the tiles of `n` levels and, reduced to one tile, the block's share of the level after them. Blocks of
 * those shares are made in the same way, up to the level that is a single tile.
 *
 * A part is the square of `2 ** partSpan` tiles at level 0 that is built as one job: its base blocks (`2 ** span` tiles)
 * and the one block above them, thus all its tiles of the levels below `partSpan` and its share of level `partSpan`.
 */
export interface Plan {
  width: number
  height: number
  tileSize: number
  levels: Level[]
  span: number
  partSpan: number
}

/** A block by its first level and its place in the grid of that level's blocks; or a tile by level and place. */
export interface Block {
  level: number
  column: number
  row: number
}

export interface BlockGeometry extends Block {
  /** Position of its first pixel at its level. */
  x: number
  y: number
  /** Pixels inside the slide. */
  width: number
  height: number
  /** Levels whose tiles it makes. */
  levels: number
  /** Whether a level follows that it has a share in. */
  reduced: boolean
}

/**
 * Deep Zoom's levels: level k is ceil(w / 2^k) x ceil(h / 2^k), the last one fits into one tile.
 * @param tileSize pixels
 */
export function pyramidLevels(width: number, height: number, tileSize: number): Level[] {
  const levels: Level[] = []
  for (let w = width, h = height; ; w = Math.ceil(w / 2), h = Math.ceil(h / 2)) {
    levels.push({ width: w, height: h, downsample: width / w })
    if (w <= tileSize && h <= tileSize) return levels
  }
}

/** Slides of fewer blocks are cut into smaller ones. */
const ENOUGH_BLOCKS = 24

/** Edge of a part in pixels: some tenths of a second to some seconds of work, and megabytes to store. */
const PART_SIZE = 8192

/** Edge, as a power of two of tiles, of the blocks above the parts. */
const TOP_SPAN = 3

/** Edge of a block in pixels: about 13 MB of RGB where a worker does not decode it by itself. */
const BLOCK_SIZE = 2048

/**
 * Blocks of at most `blockSize` pixels (but four tiles), smaller where that keeps more workers busy. The number of workers
 * plays no part: the same slide gives the same file on any machine.
 */
export function planConversion(
  width: number,
  height: number,
  tileSize: number,
  { partSize = PART_SIZE, blockSize = BLOCK_SIZE }: { partSize?: number; blockSize?: number } = {},
): Plan {
  const levels = pyramidLevels(width, height, tileSize)
  let span = Math.max(2, Math.floor(Math.log2(Math.min(blockSize, partSize) / tileSize)))
  const blocks = () => Math.ceil(width / (tileSize << span)) * Math.ceil(height / (tileSize << span))
  while (span > 2 && blocks() < ENOUGH_BLOCKS) span--
  const partSpan = Math.max(span, Math.floor(Math.log2(partSize / tileSize)))
  return { width, height, tileSize, levels, span, partSpan }
}

/** The edge in tiles, as a power of two, of the blocks that begin at a level. */
function spanAt({ span, partSpan }: Plan, level: number): number {
  if (level === 0) return span
  return level < partSpan ? partSpan - span : TOP_SPAN
}

export function blockGeometry(plan: Plan, block: Block): BlockGeometry {
  const level = plan.levels[block.level] as Level
  const span = spanAt(plan, block.level)
  const edge = plan.tileSize << span
  const x = block.column * edge
  const y = block.row * edge
  const levels = Math.min(span, plan.levels.length - block.level)
  return {
    ...block,
    x,
    y,
    width: Math.min(edge, level.width - x),
    height: Math.min(edge, level.height - y),
    levels,
    reduced: block.level + levels < plan.levels.length,
  }
}

/** The tile that a block is reduced to, at the level after its own. */
export function shareOf(plan: Plan, { level, column, row }: Block): Block {
  return { level: level + spanAt(plan, level), column, row }
}

/** The block whose first level holds a tile. */
export function blockAt(plan: Plan, { level, column, row }: Block): Block {
  const span = spanAt(plan, level)
  return { level, column: column >> span, row: row >> span }
}

/** Number of blocks whose share a block is made of. */
export function childCount(plan: Plan, block: Block): number {
  const { width, height } = blockGeometry(plan, block)
  return Math.ceil(width / plan.tileSize) * Math.ceil(height / plan.tileSize)
}

/** How many threads a conversion can keep busy. */
export const usefulWorkers = (plan: Plan, workers: number): number => {
  const { across, down } = tileGrid(plan, plan.tileSize << plan.span)
  return Math.min(workers, across * down)
}

/** Columns and rows of parts. */
export function partGrid({ width, height, tileSize, partSpan }: Plan): { across: number; down: number } {
  const edge = tileSize << partSpan
  return { across: Math.ceil(width / edge), down: Math.ceil(height / edge) }
}

/** The blocks of level 0 in a part, in rows. Parts are counted in rows, from 0. */
export function* partBlocks(plan: Plan, part: number): Generator<BlockGeometry> {
  const { across } = partGrid(plan)
  const edge = 1 << (plan.partSpan - plan.span)
  const first = { column: (part % across) * edge, row: Math.floor(part / across) * edge }
  const grid = tileGrid(plan, plan.tileSize << plan.span)
  for (let row = first.row; row < Math.min(first.row + edge, grid.down); row++) {
    for (let column = first.column; column < Math.min(first.column + edge, grid.across); column++) {
      yield blockGeometry(plan, { level: 0, column, row })
    }
  }
}

/** A block of level 0 and the part that it belongs to; `last` where that is complete behind it. */
export interface PartBlock {
  part: number
  block: BlockGeometry
  last: boolean
}

/** The blocks of parts, part by part. */
export function* inParts(plan: Plan, parts: Iterable<number>): Generator<PartBlock> {
  for (const part of parts) {
    const blocks = [...partBlocks(plan, part)]
    for (const [i, block] of blocks.entries()) yield { part, block, last: i + 1 === blocks.length }
  }
}

/** The blocks of all parts in rows as wide as the slide. The parts of a row are completed in their order. */
export function* inRows(plan: Plan): Generator<PartBlock> {
  const { across, down } = tileGrid(plan, plan.tileSize << plan.span)
  const parts = partGrid(plan).across
  const shift = plan.partSpan - plan.span
  const isLast = (i: number, count: number) => i + 1 === count || (i + 1) % (1 << shift) === 0
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const block = blockGeometry(plan, { level: 0, column, row })
      const last = isLast(column, across) && isLast(row, down)
      yield { part: (row >> shift) * parts + (column >> shift), block, last }
    }
  }
}

/** The part's tiles of one of its levels: a rectangle of the level's grid. */
export function partTiles(plan: Plan, part: number, level: number) {
  const grid = tileGrid(plan.levels[level] as Level, plan.tileSize)
  const { across } = partGrid(plan)
  const edge = 1 << (plan.partSpan - level)
  const left = (part % across) * edge
  const top = Math.floor(part / across) * edge
  return { left, top, across: Math.min(edge, grid.across - left), down: Math.min(edge, grid.down - top) }
}

/** The tile that a part is reduced to; null when the part makes the last level itself. */
export function partShare(plan: Plan, part: number): Block | null {
  if (plan.levels.length <= plan.partSpan) return null
  const { across } = partGrid(plan)
  return { level: plan.partSpan, column: part % across, row: Math.floor(part / across) }
}

/** Levels that the parts make; the others are made of their shares. */
export const partLevels = ({ levels, partSpan }: Plan): number => Math.min(levels.length, partSpan)

/** Columns and rows of tiles at a level. */
export function tileGrid({ width, height }: Pick<Level, 'width' | 'height'>, tileSize: number) {
  return { across: Math.ceil(width / tileSize), down: Math.ceil(height / tileSize) }
}

/** Pixels of a tile inside the slide. */
export function tilePixels({ levels, tileSize }: Plan, { level, column, row }: Block) {
  const { width, height } = levels[level] as Level
  return { width: Math.min(tileSize, width - column * tileSize), height: Math.min(tileSize, height - row * tileSize) }
}

/** Pixels that whole tiles cover. */
export const paddedTo = (tileSize: number, pixels: number): number => Math.ceil(pixels / tileSize) * tileSize
