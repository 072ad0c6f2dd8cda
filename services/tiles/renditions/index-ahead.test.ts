import type { ByteSource } from '@coverslip/wsi/slide.ts'
import { readSparse, sparsePyramid } from '@coverslip/wsi/synthetic/sparse-pyramid.ts'
import { expect, test } from 'vitest'
import { indexBytesOf } from './index-ahead.ts'
import { openPyramid } from './pyramid.ts'

const TILE = Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9])
const FACTS = { name: '1', mpp: null, objectivePower: null }

/** Counts reads, and how many of them had to wait for another one. */
function slowSource(pyramid: ReturnType<typeof sparsePyramid>) {
  const reads: { offset: number; length: number; trip: number }[] = []
  let trip = 0
  const source: ByteSource = {
    size: pyramid.size,
    async read(offset, length) {
      reads.push({ offset, length, trip: trip + 1 })
      await new Promise(resolve => setTimeout(resolve, 20))
      trip = Math.max(trip, reads.at(-1)!.trip)
      return readSparse(pyramid, offset, length)
    },
  }
  return { source, reads }
}

test.each([
  ['a 2 GB slide', { width: 125_000, height: 125_000, bytes: 2e9 }],
  ['a long one', { width: 400_000, height: 9_000, bytes: 4e8 }],
  ['a small one', { width: 3000, height: 2000, bytes: 8e5 }],
  ['one of a single tile', { width: 200, height: 100, bytes: 1000 }],
])('%s is opened with two reads at most, both at once, and each tile is one more', async (_what, size) => {
  const pyramid = sparsePyramid({ ...size, tile: TILE, copies: 8 })
  const { source, reads } = slowSource(pyramid)
  const rendition = await openPyramid(source, FACTS, indexBytesOf({ ...size, tileSize: pyramid.tileSize }))
  expect(rendition).toMatchObject({ width: size.width, height: size.height, tileSize: 256 })
  expect(reads.length).toBeLessThanOrEqual(2)
  expect(new Set(reads.map(({ trip }) => trip))).toEqual(new Set([1]))
  const opened = reads.length
  const { levels } = rendition
  for (const [level, { columns, rows }] of levels.entries()) await rendition.readTile(level, columns - 1, rows - 1)
  expect(reads.slice(opened).map(({ length }) => length)).toEqual(levels.map(() => TILE.length))
})

test('an index that is larger than expected is read all the same', async () => {
  const pyramid = sparsePyramid({ width: 60_000, height: 60_000, bytes: 4e8, tile: TILE })
  const { source } = slowSource(pyramid)
  const rendition = await openPyramid(source, FACTS, 100)
  expect(rendition.levels[0]).toMatchObject({ columns: 235, rows: 235 })
})
