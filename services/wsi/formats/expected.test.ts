import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import koffi from 'koffi'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFile } from '../byte-source.ts'
import { rings, writeTiledSlide } from '../convert/tiled-slide.ts'
import { isTiffSlide, openSlide } from '../open.ts'
import { isPictureSlide } from '../pictures.ts'
import type { SlideReader } from '../slide.ts'
import { writeSyntheticSlide } from '../synthetic/index.ts'
import { sharedData, sharedSlide } from '../test-data.ts'
import { buildTiff, dataStart, type Field } from '../tiff/build-tiff.ts'
import { type Ifd, readTiff } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'
import { EXPECTED, type Expectation, expectedTable, type Reader, readerWith } from './expected.ts'

const installed: 3 | 4 = (() => {
  try {
    return koffi.load('libopenslide.so.1') && 4
  } catch {
    return 3
  }
})()
const vips = spawnSync('vips', ['--version']).status === 0

const picture = rings(512, 512)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'expected-'))
})
afterAll(() => rm(folder, { recursive: true }))

const written = async (name: string, bytes: Buffer | string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

type TiffOptions = NonNullable<Parameters<ReturnType<typeof sharp>['tiff']>[0]>

const raw = () => sharp(picture.data, { raw: { width: 512, height: 512, channels: 3 } })

const tiled = (name: string, more: Partial<Parameters<typeof writeTiledSlide>[1]>) => async () => {
  const path = join(folder, name)
  await writeTiledSlide(path, { picture, tileSize: 256, ...more })
  return path
}

const bySharp = (name: string, options: TiffOptions) => async () =>
  written(
    name,
    await raw()
      .tiff({ tileWidth: 256, tileHeight: 256, ...options })
      .toBuffer(),
  )

/** One uncompressed tile of 512 x 512. */
const oneTile = (more: { bits?: number; samples?: number; compression?: number; length?: number } = {}): Field[] => {
  const { bits = 8, samples = 3, compression = 1 } = more
  return [
    [Tag.ImageWidth, 4, [512]],
    [Tag.ImageLength, 4, [512]],
    [Tag.BitsPerSample, 3, Array(samples).fill(bits)],
    [Tag.Compression, 3, [compression]],
    [Tag.PhotometricInterpretation, 3, [2]],
    [Tag.SamplesPerPixel, 3, [samples]],
    [Tag.TileWidth, 3, [512]],
    [Tag.TileLength, 3, [512]],
    [Tag.TileOffsets, 4, [dataStart()]],
    [Tag.TileByteCounts, 4, [more.length ?? (512 * 512 * samples * bits) / 8]],
  ]
}
const aperio: Field = [Tag.ImageDescription, 2, 'Aperio Image Library|AppMag = 40|MPP = 0.25']
/** Fields are sorted by their tags. */
const sorted = (fields: Field[]) => fields.toSorted((a, b) => a[0] - b[0])

async function bothByteOrders(): Promise<string> {
  for (const bigTiff of [false, true]) {
    for (const littleEndian of [true, false]) {
      const fields = oneTile().map(
        (field): Field => (field[0] === Tag.TileOffsets ? [field[0], 4, [dataStart(bigTiff)]] : field),
      )
      const { file } = buildTiff(Buffer.from(picture.data), [fields], { littleEndian, bigTiff })
      const slide = await openSlide(await written('order.tif', file))
      expect(readerOf(slide)).toBe('tiles')
      await slide.close()
    }
  }
  return join(folder, 'order.tif')
}

async function planar(): Promise<string> {
  const planes = [0, 1, 2].map(c => Buffer.from(picture.data.filter((_, i) => i % 3 === c)))
  const length = 512 * 512
  const fields = oneTile().map((field): Field => {
    if (field[0] === Tag.TileOffsets) return [field[0], 4, [0, 1, 2].map(i => dataStart() + i * length)]
    return field[0] === Tag.TileByteCounts ? [field[0], 4, [length, length, length]] : field
  })
  const all = sorted([...fields, [Tag.PlanarConfiguration, 3, [2]]])
  return written('planar.tif', buildTiff(Buffer.concat(planes), [all]).file)
}

const jpeg2000 = (compression: number, options: string[]) => async () => {
  const png = join(folder, 'picture.png')
  await raw().png().toFile(png)
  const file = join(folder, `${compression}.j2k`)
  const tile = ['--Q', '95', '--tile-width', '512', '--tile-height', '512']
  expect(spawnSync('vips', ['jp2ksave', png, file, ...tile, ...options]).status).toBe(0)
  const bytes = await readFile(file)
  const stream = bytes.subarray(bytes.indexOf(Buffer.from([0xff, 0x4f, 0xff, 0x51])))
  const fields = sorted([...oneTile({ compression, length: stream.length }), aperio])
  return written(`${compression}.svs`, buildTiff(stream, [fields]).file)
}

const synthetic = (name: string, options: Parameters<typeof writeSyntheticSlide>[1]) => async () => {
  const path = join(folder, name)
  const format = name.endsWith('.mrxs') ? 'mirax' : 'hamamatsu'
  await writeSyntheticSlide(path, { format, width: 256, height: 256, tileSize: 32, workers: 1, ...options })
  return path
}

/** An NDPI in which a number of one page is another. */
const ndpiWith =
  (tag: number, value: (ifds: Ifd[]) => Promise<number> | number, page = 0) =>
  async () => {
    const path = await synthetic(`with-${tag}.ndpi`, {})()
    return changed(path, tag, value, page)
  }

async function changed(path: string, tag: number, value: (ifds: Ifd[]) => Promise<number> | number, page = 0) {
  const source = await openFile(path)
  const { ifds } = await readTiff(source)
  const bytes = await readFile(path)
  bytes.writeUInt32LE(await value(ifds), (ifds[page]?.entry(tag)?.offset ?? 0) + 8)
  await source.close()
  await writeFile(path, bytes)
  return path
}

async function greyOf16Bits(): Promise<string> {
  const path = await ndpiWith(Tag.SamplesPerPixel, () => 1)()
  return changed(path, Tag.NdpiCaptureMode, () => 17)
}

/** The list of restart markers under a number that nobody knows. */
async function withoutList(): Promise<string> {
  const path = await synthetic('whole.ndpi', {})()
  const source = await openFile(path)
  const { ifds } = await readTiff(source)
  const bytes = await readFile(path)
  bytes.writeUInt16LE(60_000, ifds[0]?.entry(Tag.NdpiMcuStarts)?.offset)
  await source.close()
  return written('whole.ndpi', bytes)
}

const mrxsWith = (name: string, edit: (ini: string) => string) => async () => {
  const path = await synthetic(`${name}.mrxs`, {})()
  const ini = join(folder, name, 'Slidedat.ini')
  await writeFile(ini, edit(await readFile(ini, 'utf8')))
  return path
}

const shared = (path: string) => async () => {
  const copy = join(folder, path.replaceAll('/', '-'))
  await cp(sharedSlide(path), copy)
  const inside = sharedSlide(path).replace(/\.mrxs$/, '')
  if (path.endsWith('.mrxs')) await cp(inside, copy.replace(/\.mrxs$/, ''), { recursive: true })
  return copy
}

/** Files of each kind; several where one line of the table speaks of several. */
const FILES: Record<string, (() => Promise<string>)[]> = {
  'svs-420': [tiled('420.svs', { description: 'Aperio|AppMag = 20' })],
  'svs-422': [tiled('422.svs', { description: 'Aperio|AppMag = 20', subsampling: '4:2:2' })],
  'svs-444': [tiled('444.svs', { description: 'Aperio|AppMag = 20', subsampling: '4:4:4' })],
  'svs-rgb': [shared('svs/CMU-1-Small-Region.svs')],
  'svs-240': [tiled('240.svs', { description: 'Aperio|AppMag = 20', tileSize: 240 })],
  'svs-lzw': [
    async () => written('plain.svs', buildTiff(Buffer.from(picture.data), [sorted([...oneTile(), aperio])]).file),
  ],
  'svs-33003': vips ? [jpeg2000(33003, ['--subsample-mode', 'on'])] : [],
  'svs-33005': vips ? [jpeg2000(33005, ['--subsample-mode', 'off'])] : [],
  'svs-channels': [
    async () => {
      const page = sorted([...oneTile(), aperio])
      return written('channels.svs', buildTiff(Buffer.from(picture.data), [page, page]).file)
    },
  ],
  'tiff-jpeg': [shared('tiff/CMU-1-small.tiff'), bySharp('jpeg.tif', { compression: 'jpeg', quality: 95, tile: true })],
  'tiff-plain': (['lzw', 'deflate', 'packbits', 'none'] as const).map(compression =>
    bySharp(`${compression}.tif`, { compression, tile: true, bigtiff: compression === 'lzw' }),
  ),
  'tiff-big-endian': [bothByteOrders],
  'tiff-strips': [
    shared('tiff/kidney-48-5.tif'),
    ...(['jpeg', 'lzw', 'none'] as const).map(compression => bySharp(`strips-${compression}.tif`, { compression })),
  ],
  'tiff-grey': [tiled('grey.tif', { grey: true })],
  'tiff-planar': [planar],
  'tiff-16': [async () => written('16.tif', buildTiff(Buffer.alloc(512 * 512 * 6), [oneTile({ bits: 16 })]).file)],
  'tiff-channels': [
    async () => written('5.tif', buildTiff(Buffer.alloc(512 * 512 * 5), [oneTile({ samples: 5 })]).file),
  ],
  'tiff-stack': [shared('ome-tiff/multi-channel-z-series.ome.tif')],
  'tiff-coding': [shared('tiff/unopenable.tiff')],
  'ndpi-made': [synthetic('made.ndpi', {})],
  'ndpi-4gb': [synthetic('large.ndpi', { hole: 5 * 2 ** 30 })],
  'ndpi-grey': [shared('ndpi/test3-DAPI-2-(387).ndpi')],
  'ndpi-whole': [withoutList],
  'ndpi-plane': [ndpiWith(Tag.NdpiFocalPlane, () => 4000)],
  'ndpi-channels': [ndpiWith(Tag.ImageWidth, async ifds => (await ifds[0]?.number(Tag.ImageWidth)) ?? 0, 1)],
  'ndpi-16': [greyOf16Bits],
  'ndpi-xr': [ndpiWith(Tag.Compression, () => 22_610)],
  'mrxs-compressed': [synthetic('compressed.mrxs', { overlap: 16 })],
  'mrxs-plain': [synthetic('positions.mrxs', { overlap: 16, positions: 'plain' })],
  'mrxs-nominal': [synthetic('nominal.mrxs', { overlap: 0 })],
  'mrxs-files': [synthetic('files.mrxs', { overlap: 16, dataFileBytes: 20_000 })],
  'mrxs-png': [mrxsWith('png', ini => ini.replaceAll('IMAGE_FORMAT = JPEG', 'IMAGE_FORMAT = PNG'))],
  'mrxs-channels': [shared('mrxs/Mirax2-Fluorescence-1.mrxs')],
  'mrxs-planes': [
    mrxsWith('planes', ini =>
      ini
        .replace(/^HIER_1_NAME.*$/m, 'HIER_1_NAME = Microscope focus level')
        .replace(/^HIER_1_COUNT.*$/m, 'HIER_1_COUNT = 3'),
    ),
  ],
  'dicom-jpeg': [
    'dicom/multi_frame_jpeg_camelyon_challenge_image.dcm',
    'dicom/multi_frame_jpeg2000_camelyon_challenge_image.dcm',
    'dicom/sm_image.dcm',
  ].map(shared),
  vms: [async () => written('list.vms', '[Virtual Microscope Specimen]\r\nNoLayers=1\r\nImageFile=image.jpg\r\n')],
}

function readerOf(slide: SlideReader): Reader {
  const { format } = slide.description
  if (isPictureSlide(slide)) return format === 'mirax' ? 'images' : 'segments'
  if (isTiffSlide(slide)) return slide.tiff.level0.tiled ? 'tiles' : 'strips'
  // A page of NDPI without segments is one strip; OpenSlide's readers have more to offer than pixels.
  return format === 'hamamatsu' && !('readLevel' in slide) ? 'strips' : 'openslide'
}

/** The picture that most files are made of; others are looked at elsewhere. */
async function showsPicture(slide: SlideReader): Promise<void> {
  const { format, width, height } = slide.description
  const region = await slide.readRegion(0, 0, 64, 64)
  expect(region).toHaveLength(64 * 64 * 3)
  if (width !== 512 || height !== 512 || format === 'hamamatsu' || format === 'mirax') return
  const grey = region.every((value, i) => value === region[i - (i % 3)])
  let off = 0
  for (let i = 0; i < 64 * 64; i++) {
    const at = (Math.floor(i / 64) * 512 + (i % 64)) * 3
    const [r, g, b] = picture.data.subarray(at, at + 3) as unknown as [number, number, number]
    const expected = grey ? Array(3).fill(0.299 * r + 0.587 * g + 0.114 * b) : [r, g, b]
    for (const c of [0, 1, 2]) off += Math.abs((region[i * 3 + c] as number) - expected[c])
  }
  expect(off / region.length).toBeLessThan(5)
}

async function asExpected(expectation: Expectation, path: string): Promise<void> {
  const outcome = await openSlide(path).catch((error: unknown) => error)
  const reader = readerWith(expectation, installed)
  if (reader === 'refused') {
    expect(outcome).toMatchObject({ name: 'SlideFileError', code: 'unsupported' })
    expect((outcome as Error).message).toContain(expectation.reason)
    return
  }
  if (outcome instanceof Error) throw outcome
  const slide = outcome as SlideReader
  try {
    expect(readerOf(slide)).toBe(reader)
    if (expectation.id !== 'mrxs-png') await showsPicture(slide)
  } finally {
    await slide.close()
  }
}

describe(`with OpenSlide ${installed}`, () => {
  const lacks = ({ id, tried }: Expectation) => {
    if (tried === 'real' && !sharedData) return ' (skipped: ../shared/data is missing)'
    return id.startsWith('svs-3300') && !vips ? ' (skipped: the vips command is missing)' : ''
  }
  for (const expectation of EXPECTED.filter(({ tried }) => tried !== 'no')) {
    const missing = lacks(expectation)
    it.skipIf(missing !== '')(`${expectation.format}: ${expectation.content}${missing}`, async () => {
      const files = FILES[expectation.id] ?? []
      expect(files.length).toBeGreaterThan(0)
      for (const make of files) await asExpected(expectation, await make())
    })
  }
})

it('every line of the table is gone through, or says that no file is at hand', () => {
  const named = EXPECTED.filter(({ tried }) => tried !== 'no').map(({ id }) => id)
  expect(Object.keys(FILES).toSorted()).toEqual(named.toSorted())
  expect(expectedTable().split('\n')).toHaveLength(EXPECTED.length + 2)
})
