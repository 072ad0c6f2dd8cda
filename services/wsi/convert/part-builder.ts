import { availableParallelism } from 'node:os'
import { writeAtomically } from '../atomic-file.ts'
import { SlideFileError } from '../errors.ts'
import { openSlide } from '../open.ts'
import type { SlideReader } from '../slide.ts'
import { createPartWriter } from './part-file.ts'
import { inParts, partLevels, partTiles, usefulWorkers } from './plan.ts'
import { createPool, type Pool } from './pool.ts'
import { type PyramidPlan, planPyramid } from './pyramid-plan.ts'
import { runParts } from './run-parts.ts'
import { type BlockSource, blockSource } from './source.ts'

export interface BuildOptions {
  signal?: AbortSignal
  /** Called with a growing fraction from 0 to 1. */
  onProgress?(fraction: number): void
}

export interface BuiltPart {
  /** Size of the part's file. */
  bytes: number
  /** Tiles that the part makes, each repeated one counted. */
  tiles: number
  /** Of the part's file, hexadecimal. */
  sha256: string
}

/** A slide opened for building its parts, with its threads: for a worker that builds several parts of one slide. */
export interface PartBuilder {
  /** One part at a time. @throws as `buildPart`; after a failure or an abort the builder is to be closed */
  build(part: number, partPath: string, options?: BuildOptions): Promise<BuiltPart>
  close(): Promise<void>
}

/**
 * Opens a slide and starts the threads.
 * @param options `workers`: default one per core
 * @throws SlideFileError `damaged` when the slide is not the plan's
 */
export async function openPartBuilder(
  slidePath: string,
  plan: PyramidPlan,
  options: { workers?: number; signal?: AbortSignal } = {},
): Promise<PartBuilder> {
  const slide = await openSlide(slidePath, options.signal)
  try {
    assertSlideOfPlan(slide, plan)
  } catch (error) {
    await slide.close()
    throw error
  }
  const workers = usefulWorkers(plan, options.workers ?? availableParallelism())
  const source = blockSource(slidePath, slide)
  const pool = createPool(workers, { tileSize: plan.tileSize, coding: plan.coding, decoder: source.decoder })
  return {
    build: (part, partPath, build = {}) => {
      if (!Number.isInteger(part) || part < 0 || part >= plan.parts) throw new RangeError('the plan has no such part')
      return buildInto(partPath, part, { plan, slide, source, pool, depth: queueDepth(source, workers), ...build })
    },
    close: async () => {
      await pool.stop()
      await slide.close()
    },
  }
}

/** Pixels from a reader are larger than requests for stored ones: fewer wait. */
export const queueDepth = (source: BlockSource, workers: number): number => (source.decoder ? workers * 2 : workers + 1)

function assertSlideOfPlan(slide: SlideReader, plan: PyramidPlan): void {
  const { width, height, profile } = planPyramid(slide.description, plan)
  if (width !== plan.width || height !== plan.height || profile?.sha256 !== plan.profile?.sha256)
    throw new SlideFileError('damaged', 'The slide is not the one that its pyramid was planned for.')
}

interface Build extends BuildOptions {
  plan: PyramidPlan
  slide: SlideReader
  source: BlockSource
  pool: Pool
  depth: number
}

async function buildInto(path: string, part: number, build: Build): Promise<BuiltPart> {
  const { plan, slide, pool, onProgress } = build
  const signal = build.signal ?? new AbortController().signal
  signal.throwIfAborted()
  const stop = () => void pool.stop(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  const tiles = tilesOfPart(plan, part)
  let done = 0
  try {
    return await writeAtomically(path, async temporary => {
      const writer = await createPartWriter(temporary, plan, part)
      let built: BuiltPart | undefined
      try {
        await runParts({ ...build, signal }, inParts(plan, [part]), {
          tiles: async result => {
            await writer.append(result)
            done += result.tiles.length
            onProgress?.(done / (tiles + 1))
          },
          partDone: async (_part, share) => {
            built = await writer.finish(share, part === 0 && plan.profile ? slide.description.icc : null)
          },
        })
      } finally {
        await writer.close()
      }
      signal.throwIfAborted()
      onProgress?.(1)
      return built as BuiltPart
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function tilesOfPart(plan: PyramidPlan, part: number): number {
  return Array.from({ length: partLevels(plan) }, (_, level) => partTiles(plan, part, level)).reduce(
    (sum, { across, down }) => sum + across * down,
    0,
  )
}
