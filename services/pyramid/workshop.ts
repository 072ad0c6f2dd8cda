/** What the jobs of one process share: originals, the threads that build parts of a slide, the CPU meter. */
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { openPartBuilder, type PartBuilder, planDigest } from '@coverslip/wsi/convert/parts.ts'
import type { Build } from './builds.ts'
import { type CpuMeter, createCpuMeter } from './cpu-meter.ts'
import type { PyramidDeps } from './deps.ts'
import { type Original, openOriginals } from './originals.ts'

export interface Workshop {
  /** The original as a local file. @throws SlideFileError `damaged` for another one than was announced */
  original(event: SlideDeidentified): Promise<Original>
  /** A builder of the slide's parts that nobody else uses until it is given back. */
  builder(build: Build): Promise<{ builder: PartBuilder; movedBytes: number; giveBack(broken: boolean): Promise<void> }>
  cpu: CpuMeter
  /** The slide is done, or gone: nothing of it is kept. */
  forget(slideId: string): Promise<void>
  close(): Promise<void>
}

interface Bench {
  slideId: string
  plan: string
  builder: PartBuilder
  original: Original
  expires: NodeJS.Timeout | undefined
}

/** An open slide with its threads waits so long for its next part. */
const IDLE_MS = 10_000

export function openWorkshop(deps: Pick<PyramidDeps, 'objects' | 'scratch' | 'config'>): Workshop {
  const { PYRAMID_COPIES, PYRAMID_THREADS } = deps.config
  const originals = openOriginals(deps.objects.original, deps.scratch, PYRAMID_COPIES)
  const idle = new Set<Bench>()

  async function dismantle(bench: Bench): Promise<void> {
    clearTimeout(bench.expires)
    idle.delete(bench)
    await bench.builder.close().finally(() => bench.original.release())
  }

  async function setUp({ slideId, event, plan }: Build): Promise<Bench> {
    const original = await originals.acquire(event)
    try {
      const options = PYRAMID_THREADS > 0 ? { workers: PYRAMID_THREADS } : {}
      const builder = await openPartBuilder(original.path, plan, options)
      return { slideId, plan: planDigest(plan).toString('hex'), builder, original, expires: undefined }
    } catch (error) {
      original.release()
      throw error
    }
  }

  /** Idle ones of other slides are closed: their threads and memory are wanted. */
  async function takeBench(build: Build): Promise<{ bench: Bench; movedBytes: number }> {
    const plan = planDigest(build.plan).toString('hex')
    const kept = [...idle].find(bench => bench.slideId === build.slideId && bench.plan === plan)
    if (kept) idle.delete(kept)
    for (const other of idle) await dismantle(other)
    if (kept) {
      clearTimeout(kept.expires)
      return { bench: kept, movedBytes: 0 }
    }
    const bench = await setUp(build)
    return { bench, movedBytes: bench.original.movedBytes }
  }

  return {
    original: event => originals.acquire(event),
    async builder(build) {
      const { bench, movedBytes } = await takeBench(build)
      return {
        builder: bench.builder,
        movedBytes,
        async giveBack(broken) {
          if (broken) return dismantle(bench)
          // Whatever closing says, nobody waits for it.
          bench.expires = setTimeout(() => void dismantle(bench).catch(() => {}), IDLE_MS).unref()
          idle.add(bench)
        },
      }
    },
    cpu: createCpuMeter(),
    async forget(slideId) {
      for (const bench of idle) if (bench.slideId === slideId) await dismantle(bench)
      await originals.forget(slideId)
    },
    async close() {
      for (const bench of idle) await dismantle(bench)
      await originals.close()
    },
  }
}
