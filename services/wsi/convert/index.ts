import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { writeAtomically } from '../atomic-file.ts'
import { openSlide } from '../open.ts'
import { release } from '../release.ts'
import type { Level, SlideDescription, SlideFormat, SlideReader } from '../slide.ts'
import { createTiffWriter } from '../tiff/writer.ts'
import { createLayout } from './layout.ts'
import { pyramidPages } from './pages.ts'
import { queueDepth } from './part-builder.ts'
import { inParts, inRows, type Plan, tileGrid, usefulWorkers } from './plan.ts'
import { createPool } from './pool.ts'
import { assertOptions, type PyramidPlan, planPyramid } from './pyramid-plan.ts'
import type { PyramidSubsampling } from './quality-policy.ts'
import { createTop, runParts } from './run-parts.ts'
import { blockSource, storageOf } from './source.ts'

export { type PyramidDescription, verifyPyramid } from './verify.ts'

export interface ConvertOptions {
  /** JPEG quality, 1 to 100. */
  quality?: number
  subsampling?: PyramidSubsampling
  /** Edge of the square tiles in pixels, a multiple of 16. */
  tileSize?: number
  /** Edge of the parts whose tiles lie together in the file, in pixels. */
  partSize?: number
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
  /** Bytes in which level 0 is stored in the pyramid, and in the source; null where nobody knows. */
  pixels: number
  sourcePixels: number | null
  /** The source's format. */
  format: SlideFormat
}

/**
 * Converts a slide to a pyramid: a BigTIFF of JPEG tiles whose level 0 has the pixels of the slide's level 0, and whose
 * level k is ceil(width / 2^k) x ceil(height / 2^k) down to one tile. The file appears under its name when it is
 * complete; the same slide gives the same bytes, as do its parts when they are built and assembled on their own (parts.ts).
 * @throws SlideFileError when the slide cannot be read; DiskFullError; the signal's reason; file-system errors as they are
 */
export async function convert(inputPath: string, outputPath: string, options: ConvertOptions = {}): Promise<Converted> {
  const { quality = 50, subsampling = '4:2:0', signal } = options
  const coding = { quality, subsampling }
  const planOptions = {
    coding,
    ...(options.tileSize && { tileSize: options.tileSize }),
    ...(options.partSize && { partSize: options.partSize }),
  }
  assertOptions(planOptions)
  signal?.throwIfAborted()
  const slide = await openSlide(inputPath, signal)
  try {
    const plan = planPyramid(slide.description, { ...planOptions, ...storageOf(slide) })
    const workers = usefulWorkers(plan, options.workers ?? availableParallelism())
    const pixels = await writeAtomically(outputPath, path =>
      writePyramid(path, inputPath, slide, plan, { ...options, workers }),
    )
    options.onProgress?.(1)
    const { size } = await stat(outputPath)
    const { width, height, levels, mpp, objectivePower, sourcePixels = null } = plan
    const { format } = slide.description
    return { width, height, levels, bytes: size, mpp, objectivePower, pixels, sourcePixels, format }
  } finally {
    await slide.close()
  }
}

/** @returns bytes of level 0's tiles */
async function writePyramid(
  path: string,
  inputPath: string,
  slide: SlideReader,
  plan: PyramidPlan,
  { workers, onProgress, ...options }: ConvertOptions & { workers: number },
): Promise<number> {
  const signal = options.signal ?? new AbortController().signal
  const source = blockSource(inputPath, slide)
  const writer = await createTiffWriter(path)
  const pool = createPool(workers, { tileSize: plan.tileSize, coding: plan.coding, decoder: source.decoder })
  const stop = () => void pool.stop(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const layout = createLayout(plan)
    const top = createTop(plan, pool)
    const progress = createProgress(plan, onProgress)
    const blocks = source.inRows ? inRows(plan) : inParts(plan, partNumbers(plan))
    await runParts({ plan, source, pool, depth: queueDepth(source, workers), signal }, blocks, {
      tiles: async result => {
        await writer.appendBytes(layout.addTiles(result))
        progress(result.tiles.length)
      },
      partDone: async (part, share) => {
        layout.endPart()
        if (!share) return
        await top.add(part, share)
        release(share.y)
      },
    })
    for (const result of top.results) {
      layout.addTop(result)
      await writer.appendBytes(result.bytes)
    }
    // Before the index, so that readers do not load it with every look at the levels.
    const profileAt = plan.profile ? await writer.appendBytes(slide.description.icc!) : 0
    for (const page of pyramidPages(plan, layout.places, profileAt)) writer.addIfd(page)
    signal.throwIfAborted()
    await writer.finish()
    return layout.pixels
  } finally {
    signal.removeEventListener('abort', stop)
    await pool.stop()
    await writer.close()
  }
}

const partNumbers = ({ parts }: PyramidPlan): Iterable<number> => Array.from({ length: parts }, (_, part) => part)

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
