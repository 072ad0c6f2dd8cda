import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bufferSource, openFile } from '../byte-source.ts'
import { SlideFileError } from '../errors.ts'
import { frameSize, spliceTables } from '../jpeg.ts'
import { openSlide } from '../open.ts'
import { openWithOpenSlide } from '../openslide.ts'
import type { ByteSource } from '../slide.ts'
import { readImage } from '../tiff/image.ts'
import { type Ifd, readTiff } from '../tiff/index.ts'
import { createRegionReader } from '../tiff/region.ts'
import { Tag } from '../tiff/tags.ts'
import { decodeRgb } from '../turbojpeg.ts'
import { convert, verifyPyramid } from './index.ts'
import { bestShift, boxAverage, cut, meanSquaredError, type Picture, psnr } from './measure.ts'
import { createPool } from './pool.ts'
import { rings, writeTiledSlide } from './tiled-slide.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convert-'))
})
afterAll(() => rm(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

async function page(path: string, index: number): Promise<Picture> {
  const source = await openFile(path)
  const tiff = await readTiff(source)
  const image = await readImage(tiff.ifds[index] as Ifd, source.size)
  const { width, height } = image
  const data = await createRegionReader(source, image)({ x: 0, y: 0, width, height })
  await source.close()
  return { width, height, data }
}

describe.each([
  { subsampling: '4:2:0', tileSize: 64 },
  { subsampling: '4:2:0', tileSize: 48 },
  { subsampling: '4:2:2', tileSize: 240 },
  { subsampling: '4:4:4', tileSize: 16 },
  // Not a multiple of 16: through the slide's reader.
  { subsampling: '4:4:4', tileSize: 40 },
  // Cut into parts, whose borders must not show.
  { subsampling: '4:2:0', tileSize: 64, cut: { tileSize: 32, partSize: 128 } },
  { subsampling: '4:2:0', tileSize: 64, cut: { tileSize: 32, partSize: 512, subsampling: '4:4:4' } },
  { subsampling: '4:4:4', tileSize: 48, cut: { tileSize: 48, partSize: 200, subsampling: '4:4:4' } },
] as const)('tiles of $tileSize px at $subsampling, cut $cut', ({ subsampling, tileSize, ...rest }) => {
  const cut = 'cut' in rest ? rest.cut : {}

  test('give every level in its place, at odd sizes', async () => {
    const [input, output] = [at('in.tiff'), at('out.tif')]
    await writeTiledSlide(input, { picture: rings(1301, 715), subsampling, tileSize })
    const { levels } = await convert(input, output, { quality: 90, workers: 2, ...cut })
    expect(levels.slice(0, 4).map(({ width, height }) => [width, height])).toEqual([
      [1301, 715],
      [651, 358],
      [326, 179],
      [163, 90],
    ])
    await verifyPyramid(output)
    let expected = rings(1301, 715)
    for (const index of levels.keys()) {
      if (index > 0) expected = boxAverage(expected)
      const level = await page(output, index)
      // Of very few pixels, too many lie at an edge.
      if (level.width > 100) expect(bestShift(level, expected)).toEqual({ dx: 0, dy: 0 })
      expect(psnr(level, expected), `level ${index}`).toBeGreaterThan(32)
      if (level.width > 100) expect(worstWindow(level, expected)).toBeLessThan(60)
    }
  })
})

/** The largest mean squared error of a square of 16 pixels: a seam would be lost in the whole picture's. */
function worstWindow(level: Picture, expected: Picture): number {
  let worst = 0
  for (let y = 0; y + 16 <= level.height; y += 8) {
    for (let x = 0; x + 16 <= level.width; x += 8)
      worst = Math.max(worst, meanSquaredError(cut(level, x, y, 16, 16), cut(expected, x, y, 16, 16)))
  }
  return worst
}

test('strips, which are read in rows across the parts, give the tiles of a tiled slide', async () => {
  const { data, ...raw } = rings(700, 500)
  const image = sharp(data, { raw: { ...raw, channels: 3 } })
  const cutting = { tileSize: 32, partSize: 128, workers: 2 }
  const pages: Picture[][] = []
  for (const tile of [true, false]) {
    const path = at(`${tile}.tiff`)
    await image.tiff({ compression: 'deflate', tile, tileWidth: 64, tileHeight: 64 }).toFile(path)
    const { levels } = await convert(path, at('out.tif'), cutting)
    await verifyPyramid(at('out.tif'))
    pages.push(await Promise.all(levels.map((_, level) => page(at('out.tif'), level))))
  }
  expect(pages[1]).toEqual(pages[0])
})

test('a grey slide stays grey', async () => {
  const [input, output] = [at('in.tiff'), at('out.tif')]
  const picture = rings(500, 400)
  for (let i = 0; i < picture.data.length; i += 3) picture.data.fill(picture.data[i] as number, i, i + 3)
  await writeTiledSlide(input, { picture, grey: true })
  await convert(input, output, { quality: 90 })
  const level = await page(output, 0)
  expect(psnr(level, picture)).toBeGreaterThan(36)
  for (let i = 0; i < level.data.length; i += 3) expect(level.data[i]).toBe(level.data[i + 2])
})

test('the last tiles repeat the edge, so that no foreign colour bleeds into the picture', async () => {
  const [input, output] = [at('in.tiff'), at('out.tif')]
  const data = new Uint8Array(300 * 300 * 3).fill(90)
  await writeTiledSlide(input, { picture: { width: 300, height: 300, data } })
  await convert(input, output, { workers: 1 })
  const source = await openFile(output)
  const image = await readImage((await readTiff(source)).ifds[0] as Ifd, source.size)
  const tile = await source.read(image.offsets[3] as number, image.counts[3] as number)
  await source.close()
  const jpeg = spliceTables(image.jpegTables, tile)
  expect(frameSize(jpeg)).toMatchObject({ width: 256, height: 256, sampling: '4:2:0' })
  expect(decodeRgb(jpeg).data.every(value => Math.abs(value - 90) <= 2)).toBe(true)
})

test('missing tiles are white', async () => {
  const [input, output] = [at('in.tiff'), at('out.tif')]
  const picture = { width: 128, height: 64, data: new Uint8Array(128 * 64 * 3).fill(20) }
  await writeTiledSlide(input, { picture, replace: column => (column === 1 ? Buffer.alloc(0) : undefined) })
  await convert(input, output, { workers: 1 })
  const { data } = await page(output, 0)
  expect([data[0], data[64 * 3 + 60], data[127 * 3]]).toEqual([20, 255, 255])
})

test('resolution, objective power and ICC profile are kept, other metadata are not', async () => {
  const [input, output] = [at('in.svs'), at('out.tif')]
  const description = 'Aperio Image Library v1\r\n300x200|AppMag = 40|MPP = 0.2525|Patient = Jane Doe'
  const icc = Buffer.from('an ICC profile, as far as this test goes')
  await writeTiledSlide(input, { picture: rings(300, 200), description, icc })
  const converted = await convert(input, output, { workers: 1 })
  expect(converted).toMatchObject({ format: 'aperio', mpp: { x: 0.2525, y: 0.2525 }, objectivePower: 40 })
  const slide = await openSlide(output)
  await slide.close()
  expect(slide.description).toMatchObject({ format: 'generic-tiff', objectivePower: 40, icc })
  expect(slide.description.mpp?.x).toBeCloseTo(0.2525, 8)
  const bytes = await readFile(output)
  expect(bytes.includes('Doe') || bytes.includes('Aperio')).toBe(false)
})

test('the same slide gives the same bytes, with any number of workers', async () => {
  const input = at('in.tiff')
  await writeTiledSlide(input, { picture: rings(1500, 1100) })
  await convert(input, at('a.tif'), { workers: 1 })
  await convert(input, at('b.tif'), { workers: 3 })
  expect((await readFile(at('a.tif'))).equals(await readFile(at('b.tif')))).toBe(true)
})

test('progress grows from 0 to 1 and the calling thread stays free', async () => {
  const input = at('large.tiff')
  await writeTiledSlide(input, { picture: rings(3000, 2500), tileSize: 256 })
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const seen: number[] = []
  await convert(input, at('out.tif'), { onProgress: fraction => seen.push(fraction) })
  delay.disable()
  expect(seen.length).toBeGreaterThan(5)
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.at(-1)).toBe(1)
  expect(seen.every(fraction => fraction > 0 && fraction <= 1)).toBe(true)
  // Two cores work on the tiles meanwhile; a conversion on this thread would hold it for its whole time.
  expect(delay.percentile(90) / 1e6).toBeLessThan(50)
})

describe('a conversion that fails', () => {
  const leftovers = async () => (await readdir(folder)).filter(name => name.startsWith('failed'))

  test('for a damaged tile says so and leaves nothing behind', async () => {
    const input = at('damaged.tiff')
    const garbage = Buffer.from('these bytes are no JPEG, but long enough to be one')
    const replace = (column: number, row: number) => (column === 3 && row === 2 ? garbage : undefined)
    await writeTiledSlide(input, { picture: rings(500, 400), replace })
    await expect(convert(input, at('failed.tif'))).rejects.toMatchObject({ name: 'SlideFileError', code: 'damaged' })
    expect(await leftovers()).toEqual([])
  })

  test('for an abort ends within a second and leaves nothing behind', async () => {
    const input = at('large.tiff')
    await writeTiledSlide(input, { picture: rings(3000, 2500), tileSize: 256 })
    const abort = new AbortController()
    let abortedAt = 0
    const onProgress = () => {
      abortedAt ||= performance.now()
      abort.abort(new Error('no longer wanted'))
    }
    const conversion = convert(input, at('failed.tif'), { signal: abort.signal, onProgress })
    await expect(conversion).rejects.toThrow('no longer wanted')
    expect(abortedAt).toBeGreaterThan(0)
    expect(performance.now() - abortedAt).toBeLessThan(1000)
    expect(await leftovers()).toEqual([])
    await expect(convert(input, at('failed.tif'), { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })

  test('leaves a file that was there before as it was', async () => {
    const [good, bad, output] = [at('good.tiff'), at('bad.tiff'), at('kept.tif')]
    await writeTiledSlide(good, { picture: rings(100, 100) })
    await convert(good, output)
    const before = await readFile(output)
    await writeTiledSlide(bad, { picture: rings(100, 100), replace: () => Buffer.alloc(40) })
    await expect(convert(bad, output)).rejects.toThrow(SlideFileError)
    expect((await readFile(output)).equals(before)).toBe(true)
  })

  test('because a worker ends does not hang', async () => {
    const setup = { path: at('nowhere'), tileWidth: 64, tileHeight: 64, photometric: 6, jpegTables: null }
    const decoder = { module: new URL('./stored-tiles.ts', import.meta.url).href, setup }
    const pool = createPool(2, { tileSize: 256, coding: { quality: 50, subsampling: '4:2:0' }, decoder })
    const block = { level: 0, column: 0, row: 0, x: 0, y: 0, width: 64, height: 64, levels: 1, reduced: false }
    await expect(pool.run({ block, pixels: { kind: 'stored', request: [] } })).rejects.toThrow('ENOENT')
    await expect(pool.run({ block, pixels: { kind: 'stored', request: [] } })).rejects.toThrow('ENOENT')
  })

  test('for options that make no sense says which', async () => {
    await expect(convert('in', 'out', { tileSize: 100 })).rejects.toThrow('tileSize')
    await expect(convert('in', 'out', { quality: 0 })).rejects.toThrow('quality')
  })
})

test('tables that a writer padded behind their end make no difference', async () => {
  const [input, once, twice] = [at('in.tiff'), at('once.tif'), at('twice.tif')]
  await writeTiledSlide(input, { picture: rings(300, 300) })
  await convert(input, once, { workers: 1 })
  await convert(once, twice, { workers: 1 })
  const expected = await readFile(twice)
  const file = await readFile(once)
  const [first] = (await readTiff(bufferSource(file))).ifds as [Ifd]
  const padded = Buffer.concat([(await first.bytes(Tag.JPEGTables))!, Buffer.from('DOE')])
  const { offset } = first.entry(Tag.JPEGTables)!
  file.writeBigUInt64LE(BigInt(padded.length), offset + 4)
  file.writeBigUInt64LE(BigInt(file.length), offset + 12)
  await writeFile(once, Buffer.concat([file, padded]))
  await convert(once, twice, { workers: 1 })
  expect((await readFile(twice)).equals(expected)).toBe(true)
})

test('OpenSlide and libvips read the same pixels from a pyramid as the own index does', async () => {
  const [input, output] = [at('in.tiff'), at('out.tif')]
  await writeTiledSlide(input, { picture: rings(1301, 715) })
  const { levels } = await convert(input, output)
  const own = await page(output, 0)
  const slide = await openWithOpenSlide(output)
  const data = await slide.readRegion(0, 0, 1301, 715)
  await slide.close()
  expect(slide.description.format).toBe('generic-tiff')
  expect(slide.description.levels).toEqual(levels)
  expect(meanSquaredError({ ...own, data }, own)).toBe(0)
  for (const index of levels.keys()) {
    const level = await page(output, index)
    const decoded = await sharp(output, { page: index }).removeAlpha().raw().toBuffer()
    expect(meanSquaredError({ ...level, data: decoded }, level)).toBeLessThan(2)
  }
})

describe('verifying', () => {
  test('refuses what convert did not write, and a pyramid that lacks bytes', async () => {
    const [input, output] = [at('in.tiff'), at('out.tif')]
    await writeTiledSlide(input, { picture: rings(700, 600) })
    await expect(verifyPyramid(input)).rejects.toMatchObject({ code: 'unsupported' })
    await convert(input, output)
    const bytes = await readFile(output)
    await expect(verifyPyramid(bufferSource(bytes.subarray(0, -100)))).rejects.toThrow(SlideFileError)
    await expect(verifyPyramid(bufferSource(Buffer.from('text')))).rejects.toMatchObject({ code: 'not-a-slide' })
    const tiff = await readTiff(bufferSource(bytes))
    const counts = tiff.ifds[0]?.entry(Tag.TileByteCounts)
    const hollow = Buffer.from(bytes)
    hollow.writeUInt32LE(0, counts?.valueOffset)
    await expect(verifyPyramid(bufferSource(hollow))).rejects.toMatchObject({ code: 'damaged' })
  })

  test('the index of a pyramid takes three reads of its store', async () => {
    const [input, output] = [at('in.tiff'), at('out.tif')]
    await writeTiledSlide(input, { picture: rings(3000, 2500), tileSize: 256 })
    await convert(input, output)
    const memory = bufferSource(await readFile(output))
    const reads: number[] = []
    const read: ByteSource['read'] = (offset, length) => {
      reads.push(length)
      return memory.read(offset, length)
    }
    const tiff = await readTiff({ size: memory.size, read })
    await Promise.all(tiff.ifds.map(ifd => readImage(ifd, memory.size)))
    expect(reads.length).toBeLessThanOrEqual(3)
  })
})
