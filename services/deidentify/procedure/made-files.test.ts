/** Files made to hide something, field by field, in every dialect of TIFF. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bufferSource } from '@coverslip/wsi/byte-source.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { type BuildOptions, buildTiff, dataStart, type Field } from '@coverslip/wsi/tiff/build-tiff.ts'
import { readTiff } from '@coverslip/wsi/tiff/index.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VerificationError } from '../errors.ts'
import { deidentifyInPlace } from './in-place.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-made-'))
})
afterAll(() => rm(folder, { recursive: true }))

const TILE = 16
const PIXELS = Buffer.alloc(TILE * TILE * 3, 200)
const SECRET = 'Quillfeather^Ottoline'
const APERIO = 'Aperio Image Library v12.0.15 \r\n16x16 (16x16) RAW|AppMag = 20|MPP = 0.4990'

/** One uncompressed tile of 16 x 16 pixels at `offset`. */
const level = (offset: number, extra: Field[] = []): Field[] =>
  (
    [
      [256, 4, [TILE]],
      [257, 4, [TILE]],
      [258, 3, [8, 8, 8]],
      [259, 3, [1]],
      [262, 3, [2]],
      [277, 3, [3]],
      [322, 3, [TILE]],
      [323, 3, [TILE]],
      [324, 4, [offset]],
      [325, 4, [PIXELS.length]],
      ...extra,
    ] as Field[]
  ).toSorted(([a], [b]) => a - b)

/** A level of half the size, whose tile is as large. */
const reduced = (offset: number, extra: Field[] = []): Field[] =>
  level(offset, extra).map(([tag, type, value]) =>
    tag === 256 || tag === 257 ? [tag, type, [TILE / 2]] : [tag, type, value],
  )

/** The same picture in one strip, as labels are stored. */
const label = (offset: number, extra: Field[] = []): Field[] => [
  ...level(offset).filter(([tag]) => tag < 300),
  [273, 4, [offset]],
  [278, 4, [TILE]],
  [279, 4, [PIXELS.length]],
  ...extra,
]

let made = 0
async function run(file: Buffer) {
  const source = join(folder, `source-${made}`)
  const result = join(folder, `result-${made++}`)
  await writeFile(source, file)
  const before = await describeSlide(source)
  const format = before.format === 'aperio' ? 'aperio' : 'generic-tiff'
  const made_ = await deidentifyInPlace(source, result, { ...before, format })
  const bytes = await readFile(result)
  return { removed: made_!.removed, bytes, tiff: await readTiff(bufferSource(bytes)) }
}

const DIALECTS: BuildOptions[] = [
  { littleEndian: true, bigTiff: false },
  { littleEndian: false, bigTiff: false },
  { littleEndian: true, bigTiff: true },
  { littleEndian: false, bigTiff: true },
]

describe.each(DIALECTS)('a TIFF with littleEndian $littleEndian, bigTiff $bigTiff', options => {
  const at = dataStart(options.bigTiff)

  it('loses texts, private fields and irregular ones', async () => {
    const fields: Field[] = [
      [270, 2, SECRET],
      [269, 2, SECRET],
      [306, 2, '2024:05:23 14:37:52'],
      [315, 2, 'b.marchbanks'],
      [316, 2, 'FERNCLIFF-SCAN-02'],
      [700, 1, Buffer.from(`<x:xmpmeta>${SECRET}</x:xmpmeta>`)],
      [266, 2, SECRET],
      [282, 5, [1, 2, 3, 4]],
      [65_000, 7, Buffer.from(SECRET)],
    ]
    const { file } = buildTiff(PIXELS, [level(at, fields)], options)
    const { removed, bytes, tiff } = await run(file)
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.includes('marchbanks')).toBe(false)
    expect(bytes.includes('2024:05')).toBe(false)
    expect(tiff.ifds[0]!.entries.map(({ tag }) => tag)).toEqual([256, 257, 258, 259, 262, 277, 322, 323, 324, 325])
    expect(removed.map(({ name }) => name)).toEqual([
      'tag 266 irregular field',
      'tag 269 DocumentName',
      'tag 282 irregular field',
      'tag 306 DateTime',
      'tag 315 Artist',
      'tag 316 HostComputer',
      'tag 700 XMP',
      'tag 65000 unknown field',
      'tag 270 ImageDescription',
    ])
    expect(bytes.subarray(at, at + PIXELS.length).equals(PIXELS)).toBe(true)
  })

  it('loses its label and keeps the levels on both sides of it', async () => {
    const secret = Buffer.from(SECRET.padEnd(PIXELS.length))
    const data = Buffer.concat([PIXELS, secret, PIXELS])
    const pages = [
      level(at, [[270, 2, APERIO]]),
      label(at + PIXELS.length, [[270, 2, `Aperio Image Library v1\nlabel 16x16|Title = ${SECRET}`]]),
      reduced(at + 2 * PIXELS.length, [[254, 4, [1]]]),
    ]
    const { file } = buildTiff(data, pages, options)
    const { removed, bytes, tiff } = await run(file)
    expect(tiff.ifds).toHaveLength(2)
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.subarray(at + PIXELS.length, at + 2 * PIXELS.length).every(byte => byte === 0)).toBe(true)
    expect(bytes.subarray(at + 2 * PIXELS.length, at + 3 * PIXELS.length).equals(PIXELS)).toBe(true)
    expect(removed[0]).toMatchObject({ place: 'IFD 1', kind: 'image', length: PIXELS.length })
  })

  it('is the same after a second time', async () => {
    const { file } = buildTiff(PIXELS, [level(at, [[270, 2, `${APERIO}|User = ${SECRET}`]])], options)
    const once = await run(file)
    const twice = await run(once.bytes)
    expect(twice.removed).toEqual([])
    expect(twice.bytes.equals(once.bytes)).toBe(true)
  })
})

describe('a made TIFF', () => {
  const at = dataStart()

  it('loses directories that hang on a level: SubIFDs, EXIF, GPS', async () => {
    const { file, at: positions } = buildTiff(PIXELS, [
      level(at, [
        [330, 4, [0]],
        [34_665, 4, [0]],
      ]),
      label(at, [[270, 2, SECRET]]),
      [[36_867, 2, '2024:05:23 14:37:52']],
    ])
    // Unlinks the two from the chain and hangs them on the first.
    const [first, sub, exif] = positions as [number, number, number]
    const block = file.subarray(first)
    const count = block.readUInt16LE(0)
    block.writeUInt32LE(0, 2 + count * 12)
    for (let i = 0; i < count; i++) {
      const tag = block.readUInt16LE(2 + i * 12)
      if (tag === 330) block.writeUInt32LE(sub, 2 + i * 12 + 8)
      if (tag === 34_665) block.writeUInt32LE(exif, 2 + i * 12 + 8)
    }
    file.writeUInt32LE(0, sub + 2 + file.readUInt16LE(sub) * 12)
    const { removed, bytes, tiff } = await run(file)
    expect(tiff.ifds[0]!.children).toEqual([])
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.includes('2024:05:23')).toBe(false)
    expect(removed.map(({ place }) => place)).toEqual(expect.arrayContaining(['IFD 0, sub IFD 0', 'IFD 0, exif IFD 1']))
  })

  it('loses what stands behind the end of a text and beside an inline value', async () => {
    const { file, at: positions } = buildTiff(PIXELS, [level(at, [[270, 2, `${APERIO}\0${SECRET}`]])])
    // Compression is a SHORT: two bytes of its entry are unused.
    const entry = positions[0]! + 2 + 3 * 12
    expect(file.readUInt16LE(entry)).toBe(259)
    file.write('QF', entry + 10)
    const { bytes, tiff } = await run(file)
    expect(await tiff.ifds[0]!.text(270)).toBe(APERIO)
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.readUInt16LE(entry + 10)).toBe(0)
  })

  it('keeps a label that a level uses as its tile: those bytes are the level', async () => {
    const { file } = buildTiff(PIXELS, [level(at, [[270, 2, APERIO]]), label(at)])
    const { bytes, tiff } = await run(file)
    expect(tiff.ifds).toHaveLength(1)
    expect(bytes.subarray(at, at + PIXELS.length).equals(PIXELS)).toBe(true)
  })

  it('loses text that is disguised as numbers', async () => {
    const disguised = (text: string) => [...Array(6).keys()].map(i => Buffer.from(text.padEnd(24)).readUInt32LE(i * 4))
    const fields: Field[] = [
      [274, 4, [Buffer.from('JANE').readUInt32LE()]],
      [282, 5, disguised(SECRET).slice(0, 2)],
      [318, 5, disguised(SECRET).slice(0, 4)],
      [529, 5, disguised(SECRET)],
      [532, 5, [...disguised(SECRET), ...disguised(SECRET)]],
    ]
    const { file } = buildTiff(PIXELS, [level(at, [[270, 2, APERIO], ...fields])])
    const { bytes, tiff, removed } = await run(file)
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.includes('JANE')).toBe(false)
    expect(tiff.ifds[0]!.entries.map(({ tag }) => tag)).not.toEqual(expect.arrayContaining([274]))
    expect(removed.map(({ name }) => name)).toEqual([
      'tag 274 irregular field',
      'tag 282 irregular field',
      'tag 318 WhitePoint',
      'tag 529 irregular field',
      'tag 532 irregular field',
    ])
  })

  it('loses a palette, and tables of JPEG, that no pixel is decoded by', async () => {
    const secret = Buffer.from(SECRET.padEnd(24))
    const idle: Field[] = [
      [320, 3, secret],
      [347, 7, secret],
    ]
    const { bytes, removed } = await run(buildTiff(PIXELS, [level(at, [[270, 2, APERIO], ...idle])]).file)
    expect(bytes.includes('Quill')).toBe(false)
    expect(removed.map(({ name }) => name)).toEqual(['tag 320 irregular field', 'tag 347 irregular field'])
  })

  it('loses what stands behind the pixels of a plain tile', async () => {
    const tile = Buffer.concat([PIXELS, Buffer.from(SECRET)])
    const fields = level(at, [[270, 2, APERIO]]).map(
      ([tag, type, value]): Field => [tag, type, tag === 325 ? [tile.length] : value],
    )
    const { bytes, removed } = await run(buildTiff(tile, [fields]).file)
    expect(bytes.includes('Quillfeather')).toBe(false)
    expect(bytes.subarray(at, at + PIXELS.length).equals(PIXELS)).toBe(true)
    expect(removed).toMatchObject([{ place: 'IFD 0, tiles', name: 'bytes beside the picture', length: SECRET.length }])
  })

  it('is refused when its structure lies on its pixels', async () => {
    const { file, at: positions } = buildTiff(PIXELS, [level(at, [[270, 2, APERIO]])])
    const entries = positions[0]! + 2
    const description = Array.from({ length: 11 }, (_, i) => entries + i * 12).find(e => file.readUInt16LE(e) === 270)!
    file.write(`${APERIO}\0`, at + 100)
    file.writeUInt32LE(at + 100, description + 8)
    await expect(run(file)).rejects.toThrow(SlideFileError)
  })

  it('is not proven when a removed text also stands in its pixels', async () => {
    const pixels = Buffer.from(PIXELS)
    pixels.write(SECRET, 300)
    const { file } = buildTiff(pixels, [level(at, [[270, 2, `${APERIO}|Title = ${SECRET}`]])])
    const failed = run(file)
    await expect(failed).rejects.toThrow(VerificationError)
    await expect(failed).rejects.toMatchObject({ code: 'verification-failed', retryable: false })
    await expect(failed).rejects.not.toThrow(/Quill/)
  })

  it('is refused, quickly, when it has more texts than any slide', async () => {
    const texts = new Array<Field>(100).fill([50_000, 2, SECRET])
    const many = Array.from({ length: 60 }, () => label(at, texts))
    const { file } = buildTiff(PIXELS, [level(at, [[270, 2, APERIO]]), ...many])
    await expect(run(file)).rejects.toMatchObject({ code: 'too-large' })
  })

  it('keeps a macro of another shape out of the levels though it is tiled', async () => {
    const macro = level(at).map(([tag, type, value]): Field => [tag, type, tag === 257 ? [TILE / 2] : value])
    const { file } = buildTiff(PIXELS, [level(at, [[270, 2, APERIO]]), macro])
    const { removed, tiff } = await run(file)
    expect(tiff.ifds).toHaveLength(1)
    expect(removed).toMatchObject([{ place: 'IFD 1', kind: 'image' }])
  })
})
