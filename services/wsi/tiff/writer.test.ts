import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bufferSource, openFile } from '../byte-source.ts'
import { DiskFullError, SlideFileError } from '../errors.ts'
import { ascii, type Field, long, opaque, positions, rational, short, stored } from './fields.ts'
import { readTiff } from './index.ts'
import { Tag } from './tags.ts'
import { createTiffWriter } from './writer.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tiff-writer-'))
})
afterAll(() => rm(folder, { recursive: true }))

const greyPage = (offset: number, extra: Record<number, Field> = {}): Record<number, Field> => ({
  [Tag.ImageWidth]: long(16),
  [Tag.ImageLength]: long(16),
  [Tag.BitsPerSample]: short(8),
  [Tag.Compression]: short(1),
  [Tag.PhotometricInterpretation]: short(1),
  [Tag.StripOffsets]: positions([offset]),
  [Tag.RowsPerStrip]: long(16),
  [Tag.StripByteCounts]: positions([256]),
  [Tag.SamplesPerPixel]: short(1),
  ...extra,
})

describe.each([{ bigTiff: false }, { bigTiff: true }])('a file with bigTiff $bigTiff', ({ bigTiff }) => {
  test('is read back field for field', async () => {
    const path = join(folder, `fields-${bigTiff}.tiff`)
    const writer = await createTiffWriter(path, { bigTiff })
    const [first, second] = await Promise.all([
      writer.appendBytes(Buffer.alloc(256, 40)),
      writer.appendBytes(Buffer.alloc(256, 90)),
    ])
    const profile = Buffer.from('a profile of some length')
    const profileAt = await writer.appendBytes(profile)
    const many = Float64Array.from({ length: 2000 }, (_, i) => i * 3)
    writer.addIfd({
      tags: greyPage(first, {
        [Tag.Software]: ascii('Coverslip'),
        [Tag.XResolution]: rational(20040.08),
        [Tag.IccProfile]: stored(profileAt, profile.length),
        [Tag.TileOffsets]: positions(many),
      }),
    })
    writer.addIfd({ tags: greyPage(second, { [Tag.JPEGTables]: opaque(Buffer.from('tables')) }) })
    await writer.finish()

    const source = await openFile(path)
    const tiff = await readTiff(source)
    expect(tiff.bigTiff).toBe(bigTiff)
    expect(tiff.ifds).toHaveLength(2)
    const [page, next] = tiff.ifds
    expect(await page?.text(Tag.Software)).toBe('Coverslip')
    expect(await page?.number(Tag.XResolution)).toBeCloseTo(20040.08, 6)
    expect(await page?.bytes(Tag.IccProfile)).toEqual(profile)
    expect(await page?.numbers(Tag.TileOffsets)).toEqual(many)
    expect(page?.entries.map(entry => entry.tag)).toEqual(page?.entries.map(entry => entry.tag).sort((a, b) => a - b))
    expect(await next?.bytes(Tag.JPEGTables)).toEqual(Buffer.from('tables'))
    const strip = await source.read((await next?.number(Tag.StripOffsets)) ?? 0, 256)
    expect(strip.every(value => value === 90)).toBe(true)
    await source.close()
  })

  test.skipIf(!existsSync('/usr/bin/vips'))('is a picture to libtiff (skipped without the vips command)', async () => {
    const path = join(folder, `grey-${bigTiff}.tiff`)
    const writer = await createTiffWriter(path, { bigTiff })
    writer.addIfd({ tags: greyPage(await writer.appendBytes(Buffer.alloc(256, 77))) })
    await writer.finish()
    expect(Number(execFileSync('vips', ['avg', path], { encoding: 'utf8' }))).toBe(77)
  })
})

test('the index is one block at the end: IFDs first, long arrays last', async () => {
  const path = join(folder, 'index.tiff')
  const writer = await createTiffWriter(path)
  const at = await writer.appendBytes(Buffer.alloc(256 * 1024))
  const many = positions(new Float64Array(10_000))
  for (let i = 0; i < 5; i++) writer.addIfd({ tags: greyPage(at, { [Tag.TileOffsets]: many }) })
  await writer.finish()
  const bytes = await readFile(path)
  const source = bufferSource(bytes)
  const tiff = await readTiff(source)
  const blocks = tiff.ifds.map(ifd => ifd.offset)
  expect(blocks[0]).toBe(at + 256 * 1024)
  expect(Math.max(...blocks) - (blocks[0] ?? 0)).toBeLessThan(2000)
  expect(tiff.ifds.every(ifd => (ifd.entry(Tag.TileOffsets)?.valueOffset ?? 0) > Math.max(...blocks))).toBe(true)
})

test('resolutions are as exact as two 32-bit numbers allow', () => {
  for (const value of [0, 20040.08016032064, 39840.637450199, 1, 0.001, 4294967295, 1000000.5, 25.4]) {
    const { bytes } = rational(value)
    expect(Math.abs(bytes.readUInt32LE(0) / bytes.readUInt32LE(4) - value)).toBeLessThanOrEqual(value * 1e-14)
  }
  for (const wrong of [-1, Number.NaN, 2 ** 32]) expect(() => rational(wrong)).toThrow(RangeError)
})

test('an mpp comes back as it was', () => {
  for (const mpp of [0.499, 0.5, 0.25, 0.2522, 0.4961, 0.220818, 0.121, 1.9832]) {
    const { bytes } = rational(10_000 / mpp)
    expect(10_000 / (bytes.readUInt32LE(0) / bytes.readUInt32LE(4))).toBeCloseTo(mpp, 14)
  }
})

test('a classic file that would pass 4 GiB fails', async () => {
  const writer = await createTiffWriter(join(folder, 'large.tiff'), { bigTiff: false })
  const endless = { length: 2 ** 32 } as Uint8Array
  await expect(writer.appendBytes(endless)).rejects.toThrow(SlideFileError)
  await writer.close()
})

test.skipIf(!existsSync('/dev/full'))('a full disk is told as such (skipped without /dev/full)', async () => {
  const writer = await createTiffWriter('/dev/full')
  await expect(writer.appendBytes(Buffer.alloc(10))).rejects.toThrow(DiskFullError)
  await writer.close()
})
