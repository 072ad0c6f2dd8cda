import type { Level } from '../slide.ts'

/**
 * How a slide is cut for its conversion. A block is a square of `2 ** span` tiles edge length at some level; from its
 * pixels a worker makes the tiles of `span` levels and, reduced to one tile, the block's share of the level after them.
 * Blocks of those shares are made in the same way, up to the level that is a single tile.
 */
export interface Plan {
  width: number
  height: number
  tileSize: number
  levels: Level[]
  span: number
}

/** A block by its first level and its place in the grid of that level's blocks. */
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

/**
 * Blocks of at most 2048 pixels (about 8 MB of planes, 13 MB of RGB), smaller where that keeps more workers busy. The
 * number of workers plays no part: the same slide gives the same file on any machine.
 */
export function planConversion(width: number, height: number, tileSize: number): Plan {
  const levels = pyramidLevels(width, height, tileSize)
  let span = Math.max(2, Math.floor(Math.log2(2048 / tileSize)))
  const blocks = () => Math.ceil(width / (tileSize << span)) * Math.ceil(height / (tileSize << span))
  while (span > 2 && blocks() < ENOUGH_BLOCKS) span--
  return { width, height, tileSize, levels, span }
}

export const blockEdge = (plan: Plan): number => plan.tileSize << plan.span

export function blockGeometry(plan: Plan, block: Block): BlockGeometry {
  const level = plan.levels[block.level] as Level
  const edge = blockEdge(plan)
  const x = block.column * edge
  const y = block.row * edge
  const levels = Math.min(plan.span, plan.levels.length - block.level)
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

/** The block that takes this one's share. */
export function parentOf(plan: Plan, { level, column, row }: Block): Block {
  return { level: level + plan.span, column: column >> plan.span, row: row >> plan.span }
}

/** Number of blocks whose share a block is made of. */
export function childCount(plan: Plan, block: Block): number {
  const { width, height } = blockGeometry(plan, block)
  return Math.ceil(width / plan.tileSize) * Math.ceil(height / plan.tileSize)
}

/**
 * The blocks of level 0, in an order that completes one parent before it begins the next: the number of unfinished
 * parents, and so the memory for them, grows with the number of levels and not with the slide.
 */
export function* baseBlocks(plan: Plan): Generator<BlockGeometry> {
  let top = 0
  while (blockGeometry(plan, { level: top, column: 0, row: 0 }).reduced) top += plan.span
  yield* descend(plan, { level: top, column: 0, row: 0 })
}

function* descend(plan: Plan, block: Block): Generator<BlockGeometry> {
  const geometry = blockGeometry(plan, block)
  if (block.level === 0) {
    yield geometry
    return
  }
  const across = Math.ceil(geometry.width / plan.tileSize)
  const down = Math.ceil(geometry.height / plan.tileSize)
  for (let i = 0; i < across * down; i++) {
    const column = (block.column << plan.span) + (i % across)
    const row = (block.row << plan.span) + Math.floor(i / across)
    yield* descend(plan, { level: block.level - plan.span, column, row })
  }
}

/** Columns and rows of tiles at a level. */
export function tileGrid({ width, height }: Pick<Level, 'width' | 'height'>, tileSize: number) {
  return { across: Math.ceil(width / tileSize), down: Math.ceil(height / tileSize) }
}

/** Pixels that whole tiles cover. */
export const paddedTo = (tileSize: number, pixels: number): number => Math.ceil(pixels / tileSize) * tileSize
