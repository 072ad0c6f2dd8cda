import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { openSlide } from '@coverslip/wsi/open.ts'
import type { ByteSource, SlideReader } from '@coverslip/wsi/slide.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { decodeRgb, readHeader } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPyramid } from '../renditions/pyramid.ts'
import type { Rendition } from '../renditions/rendition.ts'
import { placeTile } from './levels.ts'
import { readTile } from './tile.ts'

const SIZE = { width: 900, height: 700 }
let folder: string
let pyramid: Rendition
let reader: SlideReader
let reads = 0

const FACTS = { name: '1', mpp: null, objectivePower: null }

/** A source that counts its reads. */
function counted(bytes: Buffer): ByteSource {
  const { size, read } = bufferSource(bytes)
  return {
    size,
    read: (offset, length) => {
      reads += 1
      return read(offset, length)
    },
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-tiles-'))
  const [slide, tiff] = [join(folder, 'slide.svs'), join(folder, 'pyramid.tiff')]
  await writeSyntheticSlide(slide, { ...SIZE, seed: 5 })
  await convert(slide, tiff)
  reader = await openSlide(tiff)
  const bytes = await readFile(tiff)
  pyramid = await openPyramid(counted(bytes), FACTS)
})
afterAll(async () => {
  await reader?.close()
  await rm(folder, { recursive: true, force: true })
})

const tileAt = (level: number, x: number, y: number) => readTile(pyramid, placeTile(SIZE, 256, level, x, y)!)

test('the index takes few reads, a tile one', async () => {
  expect(reads).toBeLessThanOrEqual(3)
  const before = reads
  await tileAt(10, 1, 1)
  expect(reads).toBe(before + 1)
})

test('an inner tile is the pyramid, pixel for pixel', async () => {
  const tile = decodeRgb(await tileAt(10, 1, 1))
  expect(Buffer.from(tile.data)).toEqual(await reader.readRegion(256, 256, 256, 256))
})

test('an edge tile is clipped without a change of its pixels', async () => {
  const tile = decodeRgb(await tileAt(10, 3, 2))
  expect(tile).toMatchObject({ width: 900 - 768, height: 700 - 512 })
  const pixels = await reader.readRegion(768, 512, tile.width, tile.height)
  let most = 0
  for (const [i, value] of tile.data.entries()) most = Math.max(most, Math.abs(value - pixels[i]!))
  // The last chroma column of a clipped tile has no neighbour to be interpolated with.
  expect(most).toBeLessThanOrEqual(24)
})

/** The 2x2 box average, as plainly as it can be written; an odd side's last pixels are averaged with themselves. */
function halved({ width, height, data }: { width: number; height: number; data: ArrayLike<number> }) {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)]
  const at = (x: number, y: number, c: number) =>
    data[(Math.min(y, height - 1) * width + Math.min(x, width - 1)) * 3 + c]!
  const mean = Array.from({ length: w * h * 3 }, (_, i) => {
    const [x, y, c] = [2 * (Math.floor(i / 3) % w), 2 * Math.floor(i / 3 / w), i % 3]
    return (at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c)) / 4
  })
  return { width: w, height: h, data: mean }
}

test('levels below one tile are box averages down to one pixel', async () => {
  let expected: { width: number; height: number; data: ArrayLike<number> } = decodeRgb(await tileAt(8, 0, 0))
  for (let level = 7; level >= 0; level -= 1) {
    expected = halved(expected)
    const { width, height, data } = decodeRgb(await tileAt(level, 0, 0))
    expect([width, height]).toEqual([expected.width, expected.height])
    const off = data.reduce((sum, value, i) => sum + Math.abs(value - expected.data[i]!), 0) / data.length
    expect(off).toBeLessThan(10)
  }
})

test('tiles with full chroma are served as they are stored, clipped and halved like the others', async () => {
  const tiff = join(folder, 'full-chroma.tiff')
  await convert(join(folder, 'slide.svs'), tiff, { quality: 70, subsampling: '4:4:4' })
  const bytes = await readFile(tiff)
  const full = await openPyramid(counted(bytes), FACTS)
  for (const [level, x, y] of [
    [10, 1, 1],
    [10, 3, 2],
    [7, 0, 0],
  ] as const) {
    const jpeg = await readTile(full, placeTile(SIZE, 256, level, x, y)!)
    expect(readHeader(jpeg)).toMatchObject({ sampling: '4:4:4', colorspace: 'ycbcr' })
    const [tile, other] = [decodeRgb(jpeg), decodeRgb(await tileAt(level, x, y))]
    expect([tile.width, tile.height]).toEqual([other.width, other.height])
    const off = tile.data.reduce((sum, value, i) => sum + Math.abs(value - other.data[i]!), 0) / tile.data.length
    expect(off).toBeLessThan(6)
  }
})
