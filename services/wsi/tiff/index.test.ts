import { describe, expect, it } from 'vitest'
import { bufferSource } from '../byte-source.ts'
import type { ByteSource } from '../slide.ts'
import { buildTiff, dataStart, type Field } from './build-tiff.ts'
import { readGeometry, readImage } from './image.ts'
import { readTiff } from './index.ts'
import { Tag } from './tags.ts'

const DATA = Buffer.alloc(400, 7)

/** 20 x 10 grey pixels in one strip. */
const page = (extra: Field[] = [], offset = dataStart()): Field[] => [
  [Tag.ImageWidth, 3, [20]],
  [Tag.ImageLength, 3, [10]],
  [Tag.BitsPerSample, 3, [8]],
  [Tag.Compression, 3, [1]],
  [Tag.PhotometricInterpretation, 3, [1]],
  [Tag.StripOffsets, 4, [offset]],
  [Tag.RowsPerStrip, 3, [10]],
  [Tag.StripByteCounts, 4, [200]],
  ...extra,
]

const counted = (file: Buffer) => {
  const plain = bufferSource(file)
  let reads = 0
  const read: ByteSource['read'] = (...range) => {
    reads++
    return plain.read(...range)
  }
  const source: ByteSource = { size: plain.size, read }
  return { source, reads: () => reads }
}

const VARIANTS = [true, false].flatMap(littleEndian =>
  [true, false].map(bigTiff => ({
    littleEndian,
    bigTiff,
    name: `${littleEndian ? 'II' : 'MM'}, ${bigTiff ? 'Big' : 'classic'}`,
  })),
)

describe.each(VARIANTS)('TIFF structure ($name)', ({ littleEndian, bigTiff }) => {
  const build = (ifds: Field[][]) => buildTiff(DATA, ifds, { littleEndian, bigTiff })
  const start = dataStart(bigTiff)

  it('gives typed access to fields inside and outside of their entries', async () => {
    const extra: Field[] = [
      [Tag.ImageDescription, 2, 'a description that is long'],
      [Tag.Artist, 2, 'me'],
      [Tag.XResolution, 5, [20040.5]],
      [Tag.JPEGTables, 7, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9])],
    ]
    const tiff = await readTiff(bufferSource(build([page(extra, start)]).file))
    expect(tiff).toMatchObject({ littleEndian, bigTiff, ndpi: false })
    const [ifd] = tiff.ifds
    expect(await ifd?.text(Tag.ImageDescription)).toBe('a description that is long')
    expect(await ifd?.text(Tag.Artist)).toBe('me')
    expect(await ifd?.number(Tag.XResolution)).toBe(20040.5)
    expect([...((await ifd?.bytes(Tag.JPEGTables)) ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await ifd?.number(Tag.TileWidth)).toBeUndefined()
    expect(await ifd?.number(Tag.NewSubfileType, 0)).toBe(0)
  })

  it('knows the place of every IFD, pointer and value in the file', async () => {
    const { file, at } = build([page([[Tag.DateTime, 2, '2026:01:02 03:04:05']], start), page([], start)])
    const { ifds } = await readTiff(bufferSource(file))
    expect(ifds.map(ifd => ifd.offset)).toEqual(at)
    const [first, second] = ifds
    const width = bigTiff ? 8 : 4
    expect(first).toMatchObject({ pointerOffset: bigTiff ? 8 : 4, pointerWidth: width, next: at[1] })
    expect(second).toMatchObject({ pointerOffset: first?.nextPointerOffset, next: 0 })
    const entry = first?.entry(Tag.DateTime)
    const value = file.subarray(entry?.valueOffset, (entry?.valueOffset ?? 0) + (entry?.byteLength ?? 0))
    expect(value.toString()).toBe('2026:01:02 03:04:05\0')
    const inline = first?.entry(Tag.ImageWidth)
    expect(inline?.inline).toBe(true)
    expect(inline?.valueOffset).toBe((inline?.offset ?? 0) + (bigTiff ? 12 : 8))
  })

  it('lists SubIFDs below their page and not as pages', async () => {
    const withSub = (offset: number) => build([page([[Tag.SubIFDs, 13, [offset]]], start), page([], start)])
    const at = withSub(0).at as [number, number]
    const { file } = withSub(at[1])
    // The builder chains its IFDs: the second is cut off the chain, so that only the field leads to it.
    const next = at[0] + (bigTiff ? 8 + 9 * 20 : 2 + 9 * 12)
    file.fill(0, next, next + (bigTiff ? 8 : 4))
    const [first, ...others] = (await readTiff(bufferSource(file))).ifds
    expect(others).toEqual([])
    expect(first?.children).toMatchObject([{ kind: 'sub', offset: at[1], index: 0 }])
    expect(first?.children[0]?.pointerOffset).toBe(first?.entry(Tag.SubIFDs)?.valueOffset)
  })

  it('reads the geometry and checks the tiles against the file', async () => {
    const { file } = build([page([], start)])
    const source = bufferSource(file)
    const [ifd] = (await readTiff(source)).ifds
    if (!ifd) throw new Error('no page')
    expect(await readGeometry(ifd)).toMatchObject({ width: 20, height: 10, tiled: false, across: 1, down: 1 })
    expect([...(await readImage(ifd, source.size)).offsets]).toEqual([start])
    await expect(readImage(ifd, 100)).rejects.toMatchObject({ code: 'damaged' })
  })
})

describe('hostile TIFF files', () => {
  const refused = (file: Buffer) =>
    readTiff(bufferSource(file)).then(
      () => null,
      error => error,
    )

  it('refuses what is no TIFF', async () => {
    for (const file of [Buffer.alloc(0), Buffer.from('II*'), Buffer.from('a text that is longer than a header')]) {
      expect(await refused(file)).toMatchObject({ code: 'not-a-slide' })
    }
  })

  it('refuses a loop of IFDs', async () => {
    const { at } = buildTiff(DATA, [page(), page()])
    const { file } = buildTiff(DATA, [page(), page()], { lastNext: at[0] as number })
    expect(await refused(file)).toMatchObject({ code: 'damaged' })
  })

  it('refuses 65,535 IFDs within a second', async () => {
    const { file } = buildTiff(
      DATA,
      Array.from({ length: 65_535 }, () => [[Tag.ImageWidth, 3, [1]]] as Field[]),
    )
    const started = performance.now()
    expect(await refused(file)).toMatchObject({ code: 'too-large' })
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('refuses an IFD and a value past the end', async () => {
    expect(await refused(buildTiff(DATA, [page()], { lastNext: 0xfffffff0 }).file)).toMatchObject({ code: 'damaged' })
    const { file, at } = buildTiff(DATA, [page([[Tag.ImageDescription, 2, 'text that lies outside']])])
    file.writeUInt32LE(0xfffffff0, (at[0] as number) + 2 + 8 * 12 + 8)
    expect(await refused(file)).toMatchObject({ code: 'damaged' })
  })

  it('refuses a value of 2^32 numbers and an IFD of 2^60 fields without reading them', async () => {
    const { file, at } = buildTiff(DATA, [page([[Tag.TileOffsets, 4, [1, 2]]])])
    file.writeUInt32LE(0xffffffff, (at[0] as number) + 2 + 8 * 12 + 4)
    expect(await refused(file)).toMatchObject({ code: 'damaged' })
    const big = buildTiff(DATA, [page([], 16)], { bigTiff: true })
    big.file.writeBigUInt64LE(2n ** 60n, big.at[0])
    expect(await refused(big.file)).toMatchObject({ code: 'too-large' })
  })
})

describe('reads of the source', () => {
  it('takes at most three reads for an index behind the pixels of a large file', async () => {
    const tiles = 4000
    const { file } = buildTiff(
      Buffer.alloc(8_000_000),
      [
        [
          [Tag.ImageWidth, 4, [tiles * 256]],
          [Tag.ImageLength, 4, [256]],
          [Tag.TileWidth, 3, [256]],
          [Tag.TileLength, 3, [256]],
          [Tag.Compression, 3, [7]],
          [Tag.TileOffsets, 16, Array.from({ length: tiles }, (_, i) => 16 + i * 1000)],
          [Tag.TileByteCounts, 4, Array.from({ length: tiles }, () => 1000)],
        ],
      ],
      { bigTiff: true },
    )
    const { source, reads } = counted(file)
    const tiff = await readTiff(source)
    const image = await readImage(tiff.ifds[0] as NonNullable<(typeof tiff.ifds)[0]>, source.size)
    expect(image.offsets[tiles - 1]).toBe(16 + (tiles - 1) * 1000)
    expect(reads()).toBeLessThanOrEqual(3)
  })
})
