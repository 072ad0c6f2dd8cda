import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Block,
  blockAt,
  blockGeometry,
  childCount,
  inParts,
  inRows,
  type PartBlock,
  type Plan,
  partBlocks,
  partGrid,
  partLevels,
  partTiles,
  planConversion,
  pyramidLevels,
  shareOf,
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
function allBlocks(plan: Plan): { blocks: Block[]; mostOpen: number } {
  const blocks: Block[] = []
  const open = new Map<string, number>()
  let mostOpen = 0
  const done = (block: Block) => {
    blocks.push(block)
    if (!blockGeometry(plan, block).reduced) return
    const parent = blockAt(plan, shareOf(plan, block))
    const key = JSON.stringify(parent)
    const missing = (open.get(key) ?? childCount(plan, parent)) - 1
    open.set(key, missing)
    mostOpen = Math.max(mostOpen, open.size)
    if (missing > 0) return
    open.delete(key)
    done(parent)
  }
  const { across, down } = partGrid(plan)
  for (let part = 0; part < across * down; part++) {
    for (const { level, column, row } of partBlocks(plan, part)) done({ level, column, row })
    // Nothing of a part is left to another one.
    expect([...open.keys()].every(key => (JSON.parse(key) as Block).level >= plan.partSpan)).toBe(true)
  }
  expect(open.size).toBe(0)
  return { blocks, mostOpen }
}

const tilesOf = ({ levels, tileSize }: Plan) =>
  levels.map(level => {
    const { across, down } = tileGrid(level, tileSize)
    return across * down
  })

const edge = fc.integer({ min: 1, max: 60_000 })

test('blocks make every tile of every level exactly once, with few parents open at a time', () => {
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
      expect(made).toEqual(tilesOf(plan))
      // The part's own, a row of those above the parts, and one of each level after them.
      const aboveParts = Math.ceil(partGrid(plan).across / 8)
      expect(mostOpen).toBeLessThanOrEqual(1 + aboveParts + Math.ceil(plan.levels.length / 3))
    }),
    { numRuns: 60 },
  )
})

test('parts cover the levels below them without overlap', () => {
  fc.assert(
    fc.property(edge, edge, fc.constantFrom(1024, 8192), (width, height, partSize) => {
      const plan = planConversion(width, height, 256, { partSize })
      const { across, down } = partGrid(plan)
      const made = Array.from({ length: partLevels(plan) }, () => 0)
      for (let part = 0; part < across * down; part++) {
        for (const level of made.keys()) {
          const { left, top, ...rectangle } = partTiles(plan, part, level)
          expect(Math.min(left, top)).toBeGreaterThanOrEqual(0)
          made[level] = (made[level] as number) + rectangle.across * rectangle.down
        }
      }
      expect(made).toEqual(tilesOf(plan).slice(0, made.length))
    }),
    { numRuns: 40 },
  )
})

test('blocks are small enough for memory and many enough for the workers', () => {
  const edgeOf = ({ tileSize, span }: Plan) => tileSize << span
  expect(edgeOf(planConversion(200_000, 200_000, 256))).toBe(2048)
  expect(edgeOf(planConversion(4000, 3000, 256))).toBe(1024)
  expect(partGrid(planConversion(100_000, 80_000, 256))).toEqual({ across: 13, down: 10 })
})

test('in rows come the same blocks as in parts, each part completed by its last one', () => {
  fc.assert(
    fc.property(edge, edge, fc.constantFrom(512, 1024, 2048), (width, height, blockSize) => {
      const plan = planConversion(width, height, 256, { blockSize })
      const { across, down } = partGrid(plan)
      const parts = [...inParts(plan, Array(across * down).keys())]
      const rows = [...inRows(plan)]
      const key = ({ part, block, last }: PartBlock) => [part, block.x, block.y, last].join()
      expect(rows.map(key).sort()).toEqual(parts.map(key).sort())
      const completed = rows.flatMap(({ part, last }) => (last ? [part] : []))
      expect(completed).toEqual([...Array(across * down).keys()])
      for (const [i, { block }] of rows.entries()) {
        const before = rows[i - 1]?.block
        expect(before === undefined || before.y < block.y || before.x < block.x).toBe(true)
      }
    }),
    { numRuns: 30 },
  )
})
