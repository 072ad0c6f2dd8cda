import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeSlide, isTiffSlide, openSlide } from './open.ts'
import { openWithOpenSlide } from './openslide.ts'
import { sharedData, sharedSlide, unlessMissing } from './test-data.ts'
import { buildTiff, dataStart, type Field } from './tiff/build-tiff.ts'
import { Tag } from './tiff/tags.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slides-'))
})
afterAll(() => rm(folder, { recursive: true }))

const written = async (name: string, bytes: Buffer) => {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

/** Format, level widths, mpp, objective power, kinds of associated images. */
const EXPECTED: Record<string, [string, number[], number | null, number | null, string]> = {
  'svs/CMU-1-Small-Region.svs': ['aperio', [2220], 0.499, 20, 'thumbnail label macro'],
  'svs/small.svs': ['aperio', [16], 0.499, 20, 'thumbnail'],
  'svs/aperio-4k-rgb240-classic.svs': ['aperio', [4000, 1000], 0.499, 20, 'thumbnail label macro'],
  'svs/aperio-7k-copied.svs': ['aperio', [7200, 1800], 0.499, 20, 'thumbnail label macro'],
  'tiff/boxes.tiff': ['generic-tiff', [300, 150, 75, 37], null, null, ''],
  'tiff/CMU-1-small.tiff': ['generic-tiff', [718, 359, 179], 10_000 / 3130, null, ''],
  'tiff/example-asap.tif': ['generic-tiff', [1472, 736, 368], 10_000 / 10_129.6875, null, ''],
  'tiff/generic-3k-512-classic.tiff': ['generic-tiff', [3072, 1536, 768, 384], 10_000 / 20_040, null, 'other other'],
  'tiff/kidney-48-5.tif': ['generic-tiff', [1493], null, null, ''],
  'ndpi/hamamatsu-6k.ndpi': ['hamamatsu', [6144, 3072, 1536, 768, 384], 10_000 / 20_040, 20, 'macro other'],
  'ndpi/test3-DAPI-2-(387).ndpi': ['hamamatsu', [3968, 1984, 992, 496], 10_000 / 43_826, 40, 'macro other'],
  'mrxs/mirax-3k-stitching.mrxs': ['mirax', [2976, 1488, 744, 372, 186], 0.499, 20, 'label macro thumbnail'],
  'mrxs/mirax-6k-plain.mrxs': ['mirax', [6144, 3072, 1536, 768, 384, 192], 0.499, 20, 'label macro thumbnail'],
}

describe.skipIf(!sharedData)(`slides${unlessMissing}`, () => {
  it.each(Object.entries(EXPECTED))('%s is described', async (path, [format, widths, mpp, power, kinds]) => {
    const slide = await describeSlide(sharedSlide(path))
    expect(slide.format).toBe(format)
    expect(slide.levels.map(level => level.width)).toEqual(widths)
    expect(slide.width).toBe(widths[0])
    if (mpp === null) expect(slide.mpp).toBeNull()
    else expect(slide.mpp?.x).toBeCloseTo(mpp, 6)
    expect(slide.objectivePower).toBe(power)
    expect(slide.associated.map(image => image.kind).join(' ')).toBe(kinds)
    expect(slide.icc?.length ?? 0).toBe(path.includes('boxes') ? 588 : 0)
  })

  const both = Object.keys(EXPECTED).filter(path => /^(svs|tiff)/.test(path) && !path.includes('kidney'))
  it.each(both)('%s: sizes and pixels are those of OpenSlide', async path => {
    const own = await openSlide(sharedSlide(path))
    const reference = await openWithOpenSlide(sharedSlide(path))
    const sizes = (slide: typeof own) => slide.description.levels
    expect(sizes(own)).toEqual(sizes(reference))
    expect(isTiffSlide(own)).toBe(true)
    const { width, height } = own.description
    for (const [x, y] of [
      [0, 0],
      [width >> 1, height >> 1],
      [width - 200, height - 150],
      [-20, -30],
    ] as const) {
      const [a, b] = await Promise.all([own.readRegion(x, y, 260, 250), reference.readRegion(x, y, 260, 250)])
      // Decoders differ in rounding and in how they spread chroma.
      expect(meanDifference(a, b)).toBeLessThan(0.6)
    }
    await Promise.all([own.close(), reference.close()])
  })

  it('a striped TIFF that OpenSlide refuses has the pixels of libvips', async () => {
    const path = sharedSlide('tiff/kidney-48-5.tif')
    await expect(openWithOpenSlide(path)).rejects.toMatchObject({ code: 'not-a-slide' })
    const slide = await openSlide(path)
    const area = { left: 700, top: 430, width: 300, height: 200 }
    const reference = await sharp(path).extract(area).raw().toBuffer()
    expect((await slide.readRegion(700, 430, 300, 200)).equals(reference)).toBe(true)
    await slide.close()
  })

  it('a slide is told by its content, whatever its name', async () => {
    const copy = await written('letter.txt', await readFile(sharedSlide('svs/CMU-1-Small-Region.svs')))
    expect(await describeSlide(copy)).toMatchObject({ format: 'aperio', width: 2220 })
  })

  it.each([
    ['svs/broken.svs', 'not-a-slide'],
    ['tiff/unopenable.tiff', 'unsupported'],
    ['mrxs/Mirax2-Fluorescence-1.mrxs', 'unsupported'],
    ['ome-tiff/multi-channel-z-series.ome.tif', 'unsupported'],
    ['ome-tiff/cells.ome.tif', 'unsupported'],
    ['dicom/boxes_0.dcm', 'unsupported'],
  ])('%s ends as %s', async (path, code) => {
    const error = await describeSlide(sharedSlide(path)).then(
      () => null,
      reason => reason,
    )
    expect(error).toMatchObject({ name: 'SlideFileError', code })
    expect(error.publicMessage).not.toContain(folder)
  })

  it('broken tile data is damage when it is read', async () => {
    const slide = await openSlide(sharedSlide('svs/unreadable.svs'))
    await expect(slide.readRegion(0, 0, 16, 16)).rejects.toMatchObject({ code: 'damaged' })
    await slide.close()
  })

  it.each(['svs/CMU-1-Small-Region.svs', 'tiff/generic-3k-512-classic.tiff', 'ndpi/hamamatsu-6k.ndpi'])(
    '%s cut off anywhere ends with a reason',
    async path => {
      const bytes = await readFile(sharedSlide(path))
      for (const part of [0.02, 0.5, 0.8]) {
        const cut = await written('cut', bytes.subarray(0, Math.floor(bytes.length * part)))
        await expect(describeSlide(cut)).rejects.toMatchObject({ code: expect.stringMatching(/damaged|not-a-slide/) })
      }
    },
  )
})

describe('coding that only OpenSlide decodes', () => {
  const picture = sharp({ create: { width: 256, height: 256, channels: 3, background: '#b48' } })
    .composite([{ input: { create: { width: 120, height: 90, channels: 3, background: '#fed' } }, left: 40, top: 70 }])
    .removeAlpha()

  const sameAs = async (path: string, format: string) => {
    const slide = await openSlide(path)
    expect(slide.description).toMatchObject({ format, width: 256, height: 256 })
    expect(isTiffSlide(slide)).toBe(false)
    const pixels = await slide.readRegion(0, 0, 256, 256)
    expect(meanDifference(pixels, await picture.clone().raw().toBuffer())).toBeLessThan(1)
    await slide.close()
  }

  const oneTile = (bits: number, compression: number, length: number, more: Field[] = []): Field[] => [
    [Tag.ImageWidth, 4, [256]],
    [Tag.ImageLength, 4, [256]],
    [Tag.BitsPerSample, 3, [bits, bits, bits]],
    [Tag.Compression, 3, [compression]],
    [Tag.PhotometricInterpretation, 3, [2]],
    ...more,
    [Tag.SamplesPerPixel, 3, [3]],
    [Tag.PlanarConfiguration, 3, [1]],
    [Tag.TileWidth, 3, [256]],
    [Tag.TileLength, 3, [256]],
    [Tag.TileOffsets, 4, [dataStart()]],
    [Tag.TileByteCounts, 4, [length]],
  ]

  const planar = (offsets: number[], length: number): Field[] =>
    oneTile(8, 1, length).map(
      (field): Field =>
        ({
          [Tag.PlanarConfiguration]: [field[0], 3, [2]] as Field,
          [Tag.TileOffsets]: [field[0], 4, offsets] as Field,
          [Tag.TileByteCounts]: [field[0], 4, offsets.map(() => length)] as Field,
        })[field[0]] ?? field,
    )

  it('one plane per colour', async () => {
    const samples = await picture.clone().raw().toBuffer()
    const planes = Buffer.from([0, 1, 2].flatMap(c => [...samples].filter((_, i) => i % 3 === c)))
    const plane = planes.length / 3
    const offsets = [0, 1, 2].map(i => dataStart() + i * plane)
    await sameAs(await written('planar.tif', buildTiff(planes, [planar(offsets, plane)]).file), 'generic-tiff')
  })

  const vips = spawnSync('vips', ['--version']).status === 0
  it.skipIf(!vips)(`JPEG 2000 in Aperio's coding${vips ? '' : ' (skipped: the vips command is missing)'}`, async () => {
    const png = join(folder, 'picture.png')
    await picture.clone().png().toFile(png)
    const encoded = spawnSync('vips', [
      'jp2ksave',
      png,
      `${png}.j2k`,
      '--Q',
      '95',
      '--tile-width',
      '256',
      '--tile-height',
      '256',
    ])
    expect(encoded.status).toBe(0)
    // The codestream begins with SOC and SIZ; the boxes of the JP2 format lie before it.
    const file = await readFile(`${png}.j2k`)
    const stream = file.subarray(file.indexOf(Buffer.from([0xff, 0x4f, 0xff, 0x51])))
    const fields = oneTile(8, 33005, stream.length, [[Tag.ImageDescription, 2, 'Aperio Image Library|AppMag = 40']])
    await sameAs(await written('jpeg2000.svs', buildTiff(stream, [fields]).file), 'aperio')
  })
})

describe('content that could only be shown mangled is refused by name', () => {
  const image = (samples: number, bits: number, photometric: number, more: Field[] = []): Field[] => [
    [Tag.ImageWidth, 4, [64]],
    [Tag.ImageLength, 4, [64]],
    [Tag.BitsPerSample, 3, Array(samples).fill(bits)],
    [Tag.Compression, 3, [1]],
    [Tag.PhotometricInterpretation, 3, [photometric]],
    [Tag.SamplesPerPixel, 3, [samples]],
    [Tag.TileWidth, 3, [64]],
    [Tag.TileLength, 3, [64]],
    [Tag.TileOffsets, 4, [dataStart()]],
    [Tag.TileByteCounts, 4, [(64 * 64 * samples * bits) / 8]],
    ...more,
  ]
  it.each([
    ['16 bits per colour', image(3, 16, 2), /8 bits/],
    ['16 bits of grey', image(1, 16, 1), /8 bits/],
    ['floating-point values', image(1, 32, 1, [[Tag.SampleFormat, 3, [3]]]), /floating-point/],
    ['two grey channels', image(2, 8, 1), /several channels/],
    ['five channels', image(5, 8, 2), /several channels/],
  ])('%s', async (_, fields, reason) => {
    const path = await written('content.tif', buildTiff(Buffer.alloc(64 * 64 * 16), [fields]).file)
    await expect(openSlide(path)).rejects.toMatchObject({ code: 'unsupported', publicMessage: reason })
  })

  it('pages of one size in an Aperio file', async () => {
    const page = image(3, 8, 2, [[Tag.ImageDescription, 2, 'Aperio Fluorescence|AppMag = 20']])
    const path = await written('channels.svs', buildTiff(Buffer.alloc(64 * 64 * 16), [page, page, page]).file)
    await expect(openSlide(path)).rejects.toMatchObject({ code: 'unsupported', publicMessage: /channels/ })
  })
})

describe('files that are no slides', () => {
  it('a text file named .svs and an empty file', async () => {
    for (const bytes of [Buffer.from('This is a letter, not a slide.\n'.repeat(50)), Buffer.alloc(0)]) {
      await expect(describeSlide(await written('text.svs', bytes))).rejects.toMatchObject({ code: 'not-a-slide' })
    }
  })

  it('a file that does not exist is an error of the file system', async () => {
    await expect(openSlide(join(folder, 'nothing.svs'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('bombs', () => {
  const tiled = (width: number, height: number, offsets: number[], counts: number[]): Field[] => [
    [Tag.ImageWidth, 4, [width]],
    [Tag.ImageLength, 4, [height]],
    [Tag.BitsPerSample, 3, [8, 8, 8]],
    [Tag.Compression, 3, [7]],
    [Tag.PhotometricInterpretation, 3, [6]],
    [Tag.SamplesPerPixel, 3, [3]],
    [Tag.TileWidth, 3, [256]],
    [Tag.TileLength, 3, [256]],
    [Tag.TileOffsets, 4, offsets],
    [Tag.TileByteCounts, 4, counts],
  ]
  const one = (offset = dataStart()) => tiled(256, 256, [offset], [200])
  const data = Buffer.alloc(200)
  const many = 391 * 391

  const bombs: [string, 'damaged' | 'too-large', () => Buffer][] = [
    ['2^32 tiles', 'too-large', () => buildTiff(data, [tiled(2 ** 24, 2 ** 24, [8, 8], [1, 1])]).file],
    [
      '2^32 tiles, said to be listed',
      'damaged',
      () => {
        const { file, at } = buildTiff(data, [tiled(2 ** 24, 2 ** 24, [8, 8], [1, 1])])
        for (const field of [8, 9]) file.writeUInt32LE(0xffffffff, (at[0] as number) + 2 + field * 12 + 4)
        return file
      },
    ],
    ['a loop of IFDs', 'damaged', () => buildTiff(data, [one(), one()], { lastNext: dataStart() + data.length }).file],
    [
      '65,535 IFDs',
      'too-large',
      () =>
        buildTiff(
          data,
          Array.from({ length: 65_535 }, () => one().slice(0, 1)),
        ).file,
    ],
    ['an offset past the end', 'damaged', () => buildTiff(data, [one(0xfffffff0)]).file],
    [
      '10^5 x 10^5 px in 1-byte tiles',
      'damaged',
      () => {
        const offsets = Array.from({ length: many }, () => dataStart())
        return buildTiff(data, [
          tiled(
            100_000,
            100_000,
            offsets,
            offsets.map(() => 1),
          ),
        ]).file
      },
    ],
    [
      '10^5 x 10^5 px in tiles of 1 x 1 px',
      'damaged',
      () => {
        const fields = tiled(100_000, 100_000, [8], [200])
        return buildTiff(data, [fields.map((f): Field => (f[0] === 322 || f[0] === 323 ? [f[0], 3, [1]] : f))]).file
      },
    ],
  ]
  it.each(bombs)('%s: refused with a reason, soon', async (_, code, build) => {
    const path = await written('bomb.tiff', build())
    const started = performance.now()
    const error = await describeSlide(path).then(
      () => null,
      reason => reason,
    )
    expect(error).toMatchObject({ name: 'SlideFileError', code })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

function meanDifference(a: Buffer, b: Buffer): number {
  expect(a.length).toBe(b.length)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number))
  return sum / a.length
}
