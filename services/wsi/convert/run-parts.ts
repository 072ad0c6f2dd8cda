import { release } from '../release.ts'
import type { YuvImage } from '../yuv.ts'
import type { BlockResult } from './block.ts'
import { createParents, type Parents } from './parents.ts'
import { type Block, type BlockGeometry, type PartBlock, type Plan, partShare, shareOf } from './plan.ts'
import type { Pool } from './pool.ts'
import type { BlockSource } from './source.ts'

export interface PartsWork {
  plan: Plan
  source: BlockSource
  pool: Pool
  /** Blocks that are under way at the same time. */
  depth: number
  signal: AbortSignal
}

/** Takes what the blocks give, in an order that depends on nothing but the plan. */
export interface PartsSink {
  tiles(result: BlockResult): Promise<void>
  /** All tiles of a part were given. `share`: what it is reduced to, unless it made the last level itself. */
  partDone(part: number, share: YuvImage | null): Promise<void>
}

interface UnderWay extends PartBlock {
  result: Promise<BlockResult>
}

/**
 * Runs blocks on the pool, the next part's first ones beside the last of the one before. The blocks above
 * the base blocks follow right behind their last child.
 */
export async function runParts(work: PartsWork, blocks: Iterable<PartBlock>, sink: PartsSink): Promise<void> {
  const { plan, source, pool, depth, signal } = work
  const parents = createParents(plan)
  const underWay: UnderWay[] = []

  /** Gives the part's share, once there is one. */
  const settle = async (block: Block, promise: Promise<BlockResult>): Promise<YuvImage | null> => {
    const result = await promise
    await sink.tiles(result)
    release(result.bytes)
    if (!result.reduced) return null
    const tile = shareOf(plan, block)
    if (tile.level === plan.partSpan) return result.reduced
    const parent = parents.add(tile, result.reduced)
    release(result.reduced.y)
    return parent && settle(parent.block, runPlanes(pool, parents, parent))
  }
  const settleFirst = async () => {
    const { part, block, last, result } = underWay.shift() as UnderWay
    const share = await settle(block, result)
    if (last) await sink.partDone(part, share)
  }
  for (const one of blocks) {
    if (underWay.length >= depth) await settleFirst()
    signal.throwIfAborted()
    underWay.push({ ...one, result: runBlock(source, pool, one.block, signal) })
  }
  while (underWay.length > 0) await settleFirst()
}

function runBlock(source: BlockSource, pool: Pool, block: BlockGeometry, signal: AbortSignal): Promise<BlockResult> {
  const result = source.pixels(block, signal).then(({ pixels, transfer }) => pool.run({ block, pixels }, { transfer }))
  // It may fail before its turn comes, when nobody listens yet.
  result.catch(() => {})
  return result
}

type Parent = NonNullable<ReturnType<Parents['add']>>

function runPlanes(pool: Pool, parents: Parents, { block, image }: Parent): Promise<BlockResult> {
  const pixels = { kind: 'planes', planes: image } as const
  const transfer = [image.y.buffer as ArrayBuffer]
  return pool.run({ block, pixels }, { transfer, urgent: true, giveBack: memory => parents.reuse(memory) })
}

/** The levels above the parts. */
export interface Top {
  /** Adds a part's share; in the order of the parts. */
  add(part: number, share: YuvImage): Promise<void>
  /** Their tiles, complete after the last part's share. A thousandth of the slide: they fit into memory. */
  results: BlockResult[]
}

export function createTop(plan: Plan, pool: Pool): Top {
  const parents = createParents(plan)
  const results: BlockResult[] = []
  const add = async (tile: Block, share: YuvImage): Promise<void> => {
    const parent = parents.add(tile, share)
    if (!parent) return
    const result = await runPlanes(pool, parents, parent)
    results.push(result)
    if (result.reduced) await add(shareOf(plan, parent.block), result.reduced)
  }
  return { add: (part, share) => add(partShare(plan, part) as Block, share), results }
}
