import { copyFile, mkdtemp, open as openHandle, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFile } from '../../byte-source.ts'
import { openSlide } from '../../open.ts'
import { openWithOpenSlide } from '../../openslide.ts'
import { isPictureSlide } from '../../pictures.ts'
import { writeSyntheticSlide } from '../../synthetic/index.ts'
import { sharedData, sharedSlide, unlessMissing } from '../../test-data.ts'
import { type Entry, type Ifd, readTiff } from '../../tiff/index.ts'
import { Tag } from '../../tiff/tags.ts'
import { decodeRgb } from '../../turbojpeg.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hamamatsu-'))
  await write('made.ndpi', { subsampling: '4:2:2' })
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

const size = { width: 768, height: 512 }

async function write(name: string, options: Parameters<typeof writeSyntheticSlide>[1]): Promise<string> {
  const path = join(folder, name)
  await writeSyntheticSlide(path, { format: 'hamamatsu', ...size, tileSize: 64, workers: 1, ...options })
  return path
}

const made = () => join(folder, 'made.ndpi')

async function wholeOf(path: string): Promise<Buffer> {
  const slide = await openSlide(path)
  return slide.readRegion(0, 0, size.width, size.height).finally(() => slide.close())
}

/** The page's only strip, which is a complete JPEG. */
async function stream(path: string, page = 0): Promise<Buffer> {
  const source = await openFile(path)
  const { ifds } = await readTiff(source)
  const [offset, length] = [await ifds[page]?.number(Tag.StripOffsets), await ifds[page]?.number(Tag.StripByteCounts)]
  const bytes = await source.read(offset as number, length as number)
  await source.close()
  return bytes
}

/** A copy in which one page's field is changed. */
async function changed(tag: number, edit: (entry: Entry, file: Buffer, ifd: Ifd) => void, page = 0): Promise<string> {
  const bytes = await readFile(made())
  const source = await openFile(made())
  const { ifds } = await readTiff(source)
  await source.close()
  const ifd = ifds[page] as Ifd
  edit(ifd.entry(tag) as Entry, bytes, ifd)
  const path = join(folder, `changed-${tag}-${Math.random()}.ndpi`)
  const file = await openHandle(path, 'w')
  await file.writeFile(bytes)
  await file.close()
  return path
}

describe('restart segments', () => {
  it.each(['4:4:4', '4:2:2', '4:2:0'] as const)(
    '%s: any area has the pixels of the whole stream',
    async subsampling => {
      const path = await write(`sampling-${subsampling.replaceAll(':', '')}.ndpi`, { subsampling })
      const whole = decodeRgb(await stream(path))
      const slide = await openSlide(path)
      expect(isPictureSlide(slide)).toBe(true)
      for (const [x, y, width, height] of [
        [0, 0, 768, 512],
        [130, 67, 301, 203],
        [700, 500, 68, 12],
      ] as const) {
        const region = await slide.readRegion(x, y, width, height)
        // Decoders spread subsampled chroma over the borders of a picture, so that its outermost pixels may differ.
        expect(differing(region, cut(whole, x, y, width, height))).toBeLessThan(subsampling === '4:4:4' ? 1e-9 : 0.01)
      }
      await slide.close()
    },
  )

  it('positions behind 4 GiB are those of the file: the same pixels as in a small file', async () => {
    const path = await write('large.ndpi', { subsampling: '4:2:2', hole: 5 * 2 ** 30 })
    expect((await stat(path)).size).toBeGreaterThan(5 * 2 ** 30)
    const [small, large] = await Promise.all([openSlide(made()), openSlide(path)])
    expect(large.description).toEqual(small.description)
    const regions = await Promise.all([small, large].map(slide => slide.readRegion(0, 0, size.width, size.height)))
    expect(regions[1]?.equals(regions[0] as Buffer)).toBe(true)
    await Promise.all([small.close(), large.close()])
  }, 20_000)

  it.skipIf(!sharedData).each(['ndpi/hamamatsu-6k.ndpi', 'ndpi/test3-DAPI-2-(387).ndpi'])(
    `%s has exactly the pixels of OpenSlide${unlessMissing}`,
    async name => {
      const [own, reference] = await Promise.all([openSlide(sharedSlide(name)), openWithOpenSlide(sharedSlide(name))])
      expect(isPictureSlide(own)).toBe(true)
      const { width, height } = own.description
      for (const [x, y, w, h] of [
        [0, 0, 500, 300],
        [width - 333, height - 211, 333, 211],
        [1001, 1777, 700, 513],
        [-20, -30, 100, 100],
        [width - 50, height - 50, 100, 100],
      ] as const) {
        const [a, b] = await Promise.all([own.readRegion(x, y, w, h), reference.readRegion(x, y, w, h)])
        expect(a.equals(b), `${w} x ${h} at ${x},${y}`).toBe(true)
      }
      await Promise.all([own.close(), reference.close()])
    },
  )

  it('a list of segments that does not fit the image is not used: OpenSlide reads the slide, or nobody', async () => {
    const low = (at: number) => (entry: Entry, file: Buffer) =>
      file.writeUInt32LE(file.readUInt32LE(entry.valueOffset + at * 4) + 1_000_000, entry.valueOffset + at * 4)
    for (const edit of [low(0), low(40)]) {
      const slide = await openSlide(await changed(Tag.NdpiMcuStarts, edit))
      expect(isPictureSlide(slide)).toBe(false)
      await slide.close()
    }
  })

  it('a segment that does not end in a marker is damage, not a picture', async () => {
    const path = await changed(Tag.NdpiMcuStarts, (entry, file) => {
      const at = entry.valueOffset + 30 * 4
      file.writeUInt32LE(file.readUInt32LE(at) + 1, at)
    })
    await expect(wholeOf(path)).rejects.toMatchObject({ code: 'damaged' })
  })
})

describe('a level without restart markers', () => {
  it('is decoded as a whole where it is small', async () => {
    const path = join(folder, 'no-list.ndpi')
    await copyFile(await changed(Tag.NdpiMcuStarts, (entry, file) => file.writeUInt16LE(60_000, entry.offset)), path)
    const slide = await openSlide(path)
    expect(isPictureSlide(slide)).toBe(false)
    const { width, height } = slide.description
    const region = await slide.readRegion(0, 0, width, height)
    expect(region.equals(Buffer.from(decodeRgb(await stream(path)).data))).toBe(true)
    await slide.close()
  })
})

describe('what is refused by name', () => {
  const greyOf16Bits = (entry: Entry, file: Buffer, ifd: Ifd) => {
    file.writeUInt16LE(1, entry.offset + 8)
    file.writeUInt32LE(17, (ifd.entry(Tag.NdpiCaptureMode)?.offset ?? 0) + 8)
  }
  /** The frame header's precision, behind its marker and length. */
  const deepStream = (entry: Entry, file: Buffer) => {
    const frame = file.indexOf(Buffer.from([0xff, 0xc0]), file.readUInt32LE(entry.offset + 8))
    file[frame + 4] = 12
  }
  const value = (bytes: number) => (entry: Entry, file: Buffer) => file.writeUInt32LE(bytes, entry.offset + 8)
  it.each([
    ['a focal plane', Tag.NdpiFocalPlane, value(4000), /focal planes/],
    ['16 bits of grey', Tag.SamplesPerPixel, greyOf16Bits, /8 bits/],
    ['12 bits', Tag.StripOffsets, deepStream, /8 bits/],
    ['JPEG XR', Tag.Compression, value(22_610), /JPEG XR/],
    ['another coding', Tag.Compression, value(5), /compression/],
  ])('%s', async (_, tag, edit, reason) => {
    const path = await changed(tag, edit)
    await expect(openSlide(path)).rejects.toMatchObject({ code: 'unsupported', publicMessage: reason })
  })

  it('but colour in JPEG is read in any capture mode, as macros have it', async () => {
    const slide = await openSlide(await changed(Tag.NdpiCaptureMode, value(17)))
    expect(isPictureSlide(slide)).toBe(true)
    await slide.close()
  })

  it('several channels: pages of the same size and lens', async () => {
    const first = await readTiffPage(0)
    const path = await changed(
      Tag.ImageWidth,
      (entry, file) => {
        file.writeUInt32LE(first.width, entry.offset + 8)
      },
      1,
    )
    await expect(openSlide(path)).rejects.toMatchObject({ code: 'unsupported', publicMessage: /channels/ })
  })
})

async function readTiffPage(page: number): Promise<{ width: number }> {
  const source = await openFile(made())
  const { ifds } = await readTiff(source)
  const width = (await ifds[page]?.number(Tag.ImageWidth)) as number
  await source.close()
  return { width }
}

function cut({ width, data }: { width: number; data: Uint8Array }, x: number, y: number, w: number, h: number): Buffer {
  const rows = Array.from({ length: h }, (_, i) => {
    const from = ((y + i) * width + x) * 3
    return data.subarray(from, from + w * 3)
  })
  return Buffer.concat(rows)
}

/** Share of samples that differ by more than rounding. */
function differing(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length)
  let count = 0
  for (let i = 0; i < a.length; i++) if (Math.abs((a[i] as number) - (b[i] as number)) > 2) count++
  return count / a.length
}
