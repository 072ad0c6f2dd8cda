import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createTileReader } from './tile-reader.ts'

const folder = mkdtempSync(join(tmpdir(), 'tile-reader-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'file')
const MiB = 1024 * 1024
const content = Buffer.from(Array.from({ length: MiB }, (_, i) => (i * 31) >> 7))
writeFileSync(path, content)

const tile = (offset: number, length: number) => ({ column: 0, row: 0, offset, length })
const stored = ({ offset, length }: { offset: number; length: number }) => content.subarray(offset, offset + length)

test('gives each tile its bytes, in whatever order, far apart or in the same place', () => {
  const read = createTileReader(path)
  const first = [tile(900_000, 100), tile(10, 5000), tile(20, 30), tile(200_000, 3), tile(10, 5000)]
  const bytesOf = read(first)
  for (const one of first.toReversed()) expect(bytesOf(one)).toEqual(stored(one))
  const second = [tile(500_000, 70_000)]
  expect(read(second)(second[0]!)).toEqual(stored(second[0]!))
})

test('tiles that are too many bytes at once are read one by one', () => {
  // Each tile is far from the others for the reader, which sees 33 MiB.
  const long = Buffer.alloc(33 * MiB, content)
  const other = join(folder, 'long')
  writeFileSync(other, long)
  const tiles = Array.from({ length: 33 }, (_, i) => tile(i * MiB, MiB))
  const before = process.memoryUsage().arrayBuffers
  const bytesOf = createTileReader(other)(tiles)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MiB)
  for (const one of tiles) expect(bytesOf(one).equals(content)).toBe(true)
})

test('a file that has become shorter is damaged', () => {
  const read = createTileReader(path)
  expect(() => read([tile(MiB - 10, 20)])).toThrow(/ends before its last tile/)
})
