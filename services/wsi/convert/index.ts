import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { writeAtomically } from '../atomic-file.ts'
import { isPlausibleMpp } from '../formats/generic.ts'
import { openSlide } from '../open.ts'
import type { Level, SlideDescription, SlideFormat, SlideReader } from '../slide.ts'
import { createTiffWriter, type TiffWriter } from '../tiff/writer.ts'
import type { BlockResult } from './block.ts'
import { pyramidPages, type TilePlaces, tilePlaces } from './pages.ts'
import { createParents } from './parents.ts'
import { type Block, type BlockGeometry, baseBlocks, type Plan, planConversion, tileGrid } from './plan.ts'
import { createPool, type Pool } from './pool.ts'
import { sharedTables } from './shared-tables.ts'
import { type BlockSource, blockSource } from './source.ts'

export { type PyramidDescription, verifyPyramid } from './verify.ts'

export interface ConvertOptions {
  /** JPEG quality, 1 to 100. */
  quality?: number
  /** Edge of the square tiles in pixels, a multiple of 16. */
  tileSize?: number
  signal?: AbortSignal
  /** Called with a growing fraction from 0 to 1. */
  onProgress?(fraction: number): void
  /** Worker threads; default: one per core. */
  workers?: number
}

export interface Converted {
  width: number
  height: number
  levels: Level[]
  /** Size of the pyramid's file. */
  bytes: number
  mpp: SlideDescription['mpp']
  objectivePower: number | null
  /** The source's format. */
  format: SlideFormat
}

/**
 * Converts a slide to a pyramid: a BigTIFF of 4:2:0 JPEG tiles whose level 0 has the pixels of the slide's level 0, and
 * whose level k is ceil(width / 2^k) x ceil(height / 2^k) down to one tile. The file appears under its name when it is
 * complete; the same slide gives the same bytes.
 * @throws SlideFileError when the slide cannot be read; DiskFullError; the signal's reason; file-system errors as they are
 */
export async function convert(inputPath: string, outputPath: string, options: ConvertOptions = {}): Promise<Converted> {
  const { quality = 50, tileSize = 256, workers = availableParallelism(), signal } = options
  if (tileSize < 16 || tileSize > 1024 || tileSize % 16 !== 0)
    throw new RangeError('tileSize is a multiple of 16 up to 1024')
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) throw new RangeError('quality is 1 to 100')
  signal?.throwIfAborted()
  const slide = await openSlide(inputPath, signal)
  try {
    const { width, height, objectivePower, format } = slide.description
    const mpp = keptMpp(slide.description)
    const plan = planConversion(width, height, tileSize)
    await writeAtomically(outputPath, part =>
      writePyramid(part, inputPath, slide, plan, { ...options, quality, workers }),
    )
    options.onProgress?.(1)
    const { size } = await stat(outputPath)
    return { width, height, levels: plan.levels, bytes: size, mpp, objectivePower, format }
  } finally {
    await slide.close()
  }
}

/** The resolution as readers of the pyramid will find it: an impossible one makes the slide uncalibrated. */
function keptMpp({ mpp }: SlideDescription): SlideDescription['mpp'] {
  return mpp && isPlausibleMpp(mpp.x) && isPlausibleMpp(mpp.y) ? mpp : null
}

type Settings = ConvertOptions & Required<Pick<ConvertOptions, 'quality' | 'workers'>>

async function writePyramid(
  path: string,
  inputPath: string,
  slide: SlideReader,
  plan: Plan,
  { quality, workers, signal, onProgress }: Settings,
): Promise<void> {
  const jpegTables = sharedTables(quality)
  const source = blockSource(inputPath, slide)
  const writer = await createTiffWriter(path)
  const pool = createPool(workers, { tileSize: plan.tileSize, quality, stored: source.stored })
  const stop = () => void pool.stop(signal?.reason)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const places = tilePlaces(plan)
    const progress = createProgress(plan, onProgress)
    // Pixels from a reader are larger than lists of tiles: fewer wait.
    const depth = source.stored ? workers * 2 : workers + 1
    await convertBlocks({ plan, source, pool, depth, signal }, async result => {
      await appendTiles(writer, plan, places, result)
      progress(result.tiles.length)
    })
    const { icc, objectivePower } = slide.description
    const mpp = keptMpp(slide.description)
    // Before the index, so that readers do not load it with every look at the levels.
    const profile = icc && icc.length > 8 ? { offset: await writer.appendBytes(icc), length: icc.length } : null
    for (const page of pyramidPages(plan, places, { jpegTables, mpp, objectivePower, icc: profile }))
      writer.addIfd(page)
    signal?.throwIfAborted()
    await writer.finish()
  } finally {
    signal?.removeEventListener('abort', stop)
    await pool.stop()
    await writer.close()
  }
}

interface Work {
  plan: Plan
  source: BlockSource
  pool: Pool
  /** Blocks that are under way at the same time. */
  depth: number
  signal: AbortSignal | undefined
}

/** Runs all blocks and hands their results to `take` in the order of the blocks, each parent right behind its last child. */
async function convertBlocks(work: Work, take: (result: BlockResult) => Promise<void>): Promise<void> {
  const { plan, source, pool, depth } = work
  const addShare = createParents(plan)
  const signal = work.signal ?? new AbortController().signal
  const underWay: { block: Block; result: Promise<BlockResult> }[] = []

  const settle = async (block: Block, promise: Promise<BlockResult>) => {
    const result = await promise
    await take(result)
    const parent = result.reduced && addShare(block, result.reduced)
    if (!parent) return
    const { image } = parent
    const pixels = { kind: 'planes', planes: image } as const
    await settle(parent.block, pool.run({ block: parent.block, pixels }, [image.y.buffer as ArrayBuffer]))
  }
  const settleFirst = async () => {
    const first = underWay.shift()
    if (first) await settle(first.block, first.result)
  }
  for (const block of baseBlocks(plan)) {
    if (underWay.length >= depth) await settleFirst()
    signal.throwIfAborted()
    underWay.push({ block, result: runBlock(source, pool, block, signal) })
  }
  while (underWay.length > 0) await settleFirst()
}

function runBlock(source: BlockSource, pool: Pool, block: BlockGeometry, signal: AbortSignal): Promise<BlockResult> {
  const result = source.pixels(block, signal).then(({ pixels, transfer }) => pool.run({ block, pixels }, transfer))
  // It may fail before its turn comes, when nobody listens yet.
  result.catch(() => {})
  return result
}

async function appendTiles(writer: TiffWriter, plan: Plan, places: TilePlaces[], result: BlockResult): Promise<void> {
  let offset = await writer.appendBytes(result.bytes)
  for (const { level, column, row, length } of result.tiles) {
    const { across } = tileGrid(plan.levels[level] as Level, plan.tileSize)
    const { offsets, counts } = places[level] as TilePlaces
    offsets[row * across + column] = offset
    counts[row * across + column] = length
    offset += length
  }
}

/** The last step, writing the index, is what is missing to 1. */
function createProgress(plan: Plan, report: ((fraction: number) => void) | undefined) {
  const total = plan.levels.reduce((sum, level) => {
    const { across, down } = tileGrid(level, plan.tileSize)
    return sum + across * down
  }, 1)
  let done = 0
  return (tiles: number) => {
    done += tiles
    report?.(done / total)
  }
}
