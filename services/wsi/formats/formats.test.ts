import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bufferSource } from '../byte-source.ts'
import { describeSlide } from '../open.ts'
import { writeSyntheticSlide } from '../synthetic/index.ts'
import { buildTiff, dataStart, type Field } from '../tiff/build-tiff.ts'
import { readTiff } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'
import { aperioProperties, decimal, describeAperio, isAperio } from './aperio.ts'
import { describeGeneric, resolutionMpp } from './generic.ts'
import { isMirax } from './mirax/detect.ts'
import { claimedByVendor, isDicom } from './vendors.ts'

const DATA = Buffer.alloc(64)
const size = (width: number, height: number): Field[] => [
  [Tag.ImageWidth, 4, [width]],
  [Tag.ImageLength, 4, [height]],
]
const tiled = (width: number, height: number, ...more: Field[]): Field[] => [
  ...size(width, height),
  [Tag.TileWidth, 3, [256]],
  [Tag.TileLength, 3, [256]],
  [Tag.TileOffsets, 4, [dataStart()]],
  [Tag.TileByteCounts, 4, [64]],
  ...more,
]
const open = (...pages: Field[][]) => readTiff(bufferSource(buildTiff(DATA, pages).file))
const text = (value: string): Field => [Tag.ImageDescription, 2, value]
const subfile = (value: number): Field => [Tag.NewSubfileType, 4, [value]]
const resolution = (perUnit: number, unit?: number): Field[] => [
  [Tag.XResolution, 5, [perUnit]],
  [Tag.YResolution, 5, [perUnit]],
  ...(unit === undefined ? [] : [[Tag.ResolutionUnit, 3, [unit]] as Field]),
]

describe('Aperio', () => {
  it('reads key and value pairs behind the prose', () => {
    const properties = aperioProperties(
      'Aperio v1\r\n10x10 JPEG/RGB Q=30;Aperio|AppMag = 20|Title = a=b| MPP =0.25|odd',
    )
    expect([...properties]).toEqual([
      ['AppMag', '20'],
      ['Title', 'a=b'],
      ['MPP', '0.25'],
    ])
  })

  it('takes decimals with point or comma, and nothing else', () => {
    expect([decimal('0.4990'), decimal('0,2518'), decimal(' 40 ')]).toEqual([0.499, 0.2518, 40])
    for (const nothing of ['', ' ', 'x', '-1', '0', '1,234.5', undefined]) expect(decimal(nothing)).toBeNull()
  })

  it('names untiled pages by place, subfile type or text, and finds SubIFDs', async () => {
    const slide = await describeAperio(
      await open(
        tiled(4000, 3000, text('Aperio Leica Biosystems GT450|MPP = 0,26|AppMag = 40')),
        size(800, 600),
        tiled(1000, 750, text('Aperio')),
        [subfile(1), ...size(300, 301)],
        [subfile(9), ...size(900, 301)],
        [...size(310, 311), text('Aperio Image\r\nlabel 310x311')],
        [...size(920, 311), text('Aperio Image\nmacro 920x311')],
        size(5, 5),
      ),
    )
    expect(slide).toMatchObject({ format: 'aperio', mpp: { x: 0.26, y: 0.26 }, objectivePower: 40 })
    expect(slide.levels).toEqual([
      { width: 4000, height: 3000, downsample: 1 },
      { width: 1000, height: 750, downsample: 4 },
    ])
    expect(slide.associated.map(({ kind, width }) => `${kind} ${width}`)).toEqual([
      'thumbnail 800',
      'label 300',
      'macro 900',
      'label 310',
      'macro 920',
      'other 5',
    ])
  })

  it('is a tiled TIFF with that word first', async () => {
    expect(await isAperio(await open(tiled(10, 10, text('Aperio Image Library'))))).toBe(true)
    expect(await isAperio(await open([...size(10, 10), text('Aperio Image Library')]))).toBe(false)
    expect(await isAperio(await open(tiled(10, 10, text('Scanned by Aperio'))))).toBe(false)
  })

  it('with several focal planes in one image is refused', async () => {
    const file = await open(tiled(10, 10, text('Aperio'), [Tag.ImageDepth, 4, [3]]))
    await expect(describeAperio(file)).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('generic TIFF', () => {
  it.each([
    ['centimetre', 20_000, 3, 0.5],
    ['inch', 50_800, 2, 0.5],
    ['inch, when no unit is given', 50_800, undefined, 0.5],
    ['none', 20_000, 1, null],
    ['72 dpi', 72, 2, null],
    ['96 dpi', 96, 2, null],
    ['300 dpi', 300, 2, null],
    ['28.346 per cm (72 dpi)', 28.346, 3, null],
    ['zero', 0, 3, null],
  ])('micrometres per pixel: %s', async (_, perUnit, unit, mpp) => {
    const { ifds } = await open(tiled(10, 10, ...resolution(perUnit, unit)))
    const found = ifds[0] ? await resolutionMpp(ifds[0]) : undefined
    if (mpp === null) expect(found).toBeNull()
    else expect(found?.x).toBeCloseTo(mpp, 9)
  })

  it('takes pages marked as reduced for levels, others for associated images', async () => {
    const slide = await describeGeneric(
      await open(
        tiled(1000, 800),
        tiled(250, 200, subfile(1)),
        tiled(500, 400, subfile(1)),
        size(90, 30),
        tiled(300, 300),
      ),
    )
    expect(slide.levels.map(level => level.width)).toEqual([1000, 500, 250])
    expect(slide.associated).toHaveLength(2)
  })

  it('refuses a stack of images by name', async () => {
    const file = await open(tiled(1000, 800), tiled(1000, 800), tiled(1000, 800))
    await expect(describeGeneric(file)).rejects.toMatchObject({ code: 'unsupported', publicMessage: /stack of images/ })
  })

  it('refuses a reduced level that is larger than the full one', async () => {
    await expect(describeGeneric(await open(tiled(10, 10), tiled(20, 20, subfile(1))))).rejects.toMatchObject({
      code: 'damaged',
    })
  })

  it('reads the objective power from pyramids written here', async () => {
    const power = async (value: string) =>
      (await describeGeneric(await open(tiled(10, 10, text(value))))).objectivePower
    expect(await power('Coverslip pyramid|mpp=0.499|objective-power=20')).toBe(20)
    expect(await power('Somebody|objective-power=20')).toBeNull()
  })
})

describe('other vendors', () => {
  it.each<[string, Field]>([
    ['Philips', [Tag.Software, 2, 'Philips DP v1.0']],
    ['Trestle', [Tag.Software, 2, 'MedScan']],
    ['Leica', text('<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">')],
    ['Ventana', [Tag.Xmp, 1, Buffer.from('<EncodeInfo><iScan Magnification="40"/></EncodeInfo>')]],
  ])('%s is not taken for a generic TIFF', async (_, field) => {
    expect(await claimedByVendor(await open(tiled(10, 10, field)))).toBe(true)
    expect(await claimedByVendor(await open(tiled(10, 10)))).toBe(false)
  })

  it('MIRAX is told by the folder beside the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mirax-'))
    await mkdir(join(folder, 'slide'))
    await writeFile(join(folder, 'slide.mrxs'), '')
    expect(await isMirax(join(folder, 'slide.mrxs'))).toBe(false)
    await writeFile(join(folder, 'slide', 'Slidedat.ini'), '\uFEFF[GENERAL]\r\nSLIDE_ID = 1\r\n')
    expect(await isMirax(join(folder, 'slide.mrxs'))).toBe(true)
    expect(await isMirax(join(folder, 'slide.MRXS'))).toBe(true)
    await writeFile(join(folder, 'slide', 'Slidedat.ini'), 'hello')
    expect(await isMirax(join(folder, 'slide.mrxs'))).toBe(false)
    await rm(folder, { recursive: true })
  })

  it('a slide of another name beside the folder of a MIRAX slide stays what it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mirax-'))
    await writeSyntheticSlide(join(folder, 'x.mrxs'), {
      width: 200,
      height: 150,
      tileSize: 64,
      format: 'mirax',
      workers: 1,
    })
    await writeSyntheticSlide(join(folder, 'x.svs'), { width: 300, height: 200, tileSize: 64, workers: 1 })
    await writeFile(join(folder, 'x.txt'), 'no slide')
    expect(await isMirax(join(folder, 'x.svs'))).toBe(false)
    expect(await describeSlide(join(folder, 'x.svs'))).toMatchObject({ format: 'aperio', width: 300 })
    expect(await describeSlide(join(folder, 'x.mrxs'))).toMatchObject({ format: 'mirax' })
    await expect(describeSlide(join(folder, 'x.txt'))).rejects.toMatchObject({ code: 'not-a-slide' })
    await rm(folder, { recursive: true })
  })

  it('DICOM is told by its mark', async () => {
    const file = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(10)])
    expect(await isDicom(bufferSource(file))).toBe(true)
    expect(await isDicom(bufferSource(Buffer.alloc(100)))).toBe(false)
  })
})
