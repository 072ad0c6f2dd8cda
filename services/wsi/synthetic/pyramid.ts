import type { Block } from './block.ts'
import type { JpegCoder } from './coder.ts'
import { average, cut, type Picture, paste, REDUCTION, type TiledLevel } from './grid.ts'

/** Where the tiles of a level went, row by row. */
export interface Placement {
  offsets: number[]
  counts: number[]
}

/** Takes blocks in order, hands the tiles of all levels to `append` and keeps the overview. */
export interface PyramidSink {
  add(column: number, row: number, block: Block): Promise<void>
  /** One per level, complete after the last block. */
  readonly placements: Placement[]
  readonly overview: Picture
}

/** The overview is at most about this long, in pixels. */
const OVERVIEW = 1600

/** One pixel of the overview stands for a square of this many: 1, 4, 16 or 64. */
export function overviewScale(width: number, height: number): number {
  const scales = [1, REDUCTION, REDUCTION ** 2]
  return scales.find(scale => Math.max(width, height) / scale <= OVERVIEW) ?? REDUCTION ** 3
}

function picture(width: number, height: number): Picture {
  return { width, height, data: Buffer.alloc(width * height * 3, 243) }
}

/**
 * Levels 0 and 1 come ready from the blocks. Of every further level one row of tiles is held; when it is full it is
 * compressed and passed on, averaged, to the level after it. Memory is bounded by a row of tiles of level 2.
 */
export function createPyramidSink(
  levels: TiledLevel[],
  tileSize: number,
  coder: JpegCoder,
  append: (bytes: Uint8Array) => Promise<number>,
): PyramidSink {
  const base = levels[0] as TiledLevel
  const blockRows = Math.ceil(base.rows / REDUCTION)
  const blockColumns = Math.ceil(base.columns / REDUCTION)
  const placements = levels.map(level => ({ offsets: slots(level), counts: slots(level) }))
  const bands = levels.map((level, k) => (k < 2 ? null : picture(level.columns * tileSize, tileSize)))
  const scale = overviewScale(base.width, base.height)
  const overview = picture(Math.max(1, Math.floor(base.width / scale)), Math.max(1, Math.floor(base.height / scale)))
  const part = tileSize / REDUCTION

  async function put(k: number, column: number, row: number, jpeg: Uint8Array): Promise<void> {
    const level = levels[k]
    if (!level || column >= level.columns || row >= level.rows) return
    const placement = placements[k] as Placement
    placement.offsets[row * level.columns + column] = await append(jpeg)
    placement.counts[row * level.columns + column] = jpeg.length
  }

  /** Compresses the row of tiles that a level holds; `row` counts such rows. */
  async function flush(k: number, row: number, last: boolean): Promise<void> {
    const level = levels[k]
    const band = bands[k]
    if (!level || !band) return
    for (let column = 0; column < level.columns; column++) {
      const rgb = cut(band.data, band.width, column * tileSize, 0, tileSize, tileSize)
      await put(k, column, row, coder.encode(rgb, tileSize, tileSize))
    }
    const next = bands[k + 1]
    if (!next) return
    paste(average(band.data, band.width, tileSize), band.width / REDUCTION, next, 0, (row % REDUCTION) * part)
    if (last || row % REDUCTION === REDUCTION - 1) await flush(k + 1, Math.floor(row / REDUCTION), last)
  }

  return {
    placements,
    overview,
    async add(column, row, block) {
      for (const [i, jpeg] of block.tiles.entries()) {
        const x = column * REDUCTION + (i % REDUCTION)
        if (jpeg) await put(0, x, row * REDUCTION + Math.floor(i / REDUCTION), jpeg)
      }
      await put(1, column, row, block.reduced)
      const side = Math.round((tileSize * REDUCTION) / scale)
      const seen = scale > REDUCTION ** 2 ? average(block.small, part, part) : block.overview
      paste(seen, side, overview, column * side, row * side)
      if (bands[2]) paste(block.small, part, bands[2], column * part, (row % REDUCTION) * part)
      const last = row === blockRows - 1
      if (column !== blockColumns - 1 || (!last && row % REDUCTION !== REDUCTION - 1)) return
      await flush(2, Math.floor(row / REDUCTION), last)
    },
  }
}

const slots = (level: TiledLevel): number[] => new Array<number>(level.columns * level.rows).fill(0)
