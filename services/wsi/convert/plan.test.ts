import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Block,
  baseBlocks,
  blockEdge,
  blockGeometry,
  childCount,
  parentOf,
  planConversion,
  pyramidLevels,
  tileGrid,
} from './plan.ts'

const sizes = (levels: { width: number; height: number }[]) => levels.map(({ width, height }) => `${width}x${height}`)

test('levels are halved and rounded up until one tile holds them', () => {
  expect(sizes(pyramidLevels(2220, 2967, 256))).toEqual(['2220x2967', '1110x1484', '555x742', '278x371', '139x186'])
  expect(sizes(pyramidLevels(256, 256, 256))).toEqual(['256x256'])
  expect(sizes(pyramidLevels(257, 1, 256))).toEqual(['257x1', '129x1'])
  expect(pyramidLevels(1000, 10, 256)[2]?.downsample).toBe(4)
})

/** All blocks that a conversion makes: parents follow when their last child is done, as in `convert`. */
function allBlocks(plan: ReturnType<typeof planConversion>): { blocks: Block[]; mostOpen: number } {
  const blocks: Block[] = []
  const open = new Map<string, number>()
  let mostOpen = 0
  const done = (block: Block) => {
    blocks.push(block)
    if (!blockGeometry(plan, block).reduced) return
    const parent = parentOf(plan, block)
    const key = JSON.stringify(parent)
    const missing = (open.get(key) ?? childCount(plan, parent)) - 1
    open.set(key, missing)
    mostOpen = Math.max(mostOpen, open.size)
    if (missing > 0) return
    open.delete(key)
    done(parent)
  }
  for (const { level, column, row } of baseBlocks(plan)) done({ level, column, row })
  expect(open.size).toBe(0)
  return { blocks, mostOpen }
}

test('blocks make every tile of every level exactly once, with few parents open at a time', () => {
  const edge = fc.integer({ min: 1, max: 60_000 })
  fc.assert(
    fc.property(edge, edge, fc.constantFrom(256, 512), (width, height, tile) => {
      const plan = planConversion(width, height, tile)
      const made = plan.levels.map(() => 0)
      const { blocks, mostOpen } = allBlocks(plan)
      for (const block of blocks) {
        const geometry = blockGeometry(plan, block)
        for (let i = 0, w = geometry.width, h = geometry.height; i < geometry.levels; i++) {
          const { across, down } = tileGrid({ width: w, height: h }, tile)
          made[block.level + i] = (made[block.level + i] ?? 0) + across * down
          w = Math.ceil(w / 2)
          h = Math.ceil(h / 2)
        }
      }
      const expected = plan.levels.map(level => {
        const { across, down } = tileGrid(level, tile)
        return across * down
      })
      expect(made).toEqual(expected)
      expect(mostOpen).toBeLessThanOrEqual(Math.ceil(plan.levels.length / plan.span))
    }),
    { numRuns: 60 },
  )
})

test('blocks are small enough for memory and many enough for the workers', () => {
  expect(blockEdge(planConversion(200_000, 200_000, 256))).toBe(2048)
  expect(blockEdge(planConversion(4000, 3000, 256))).toBe(1024)
})
