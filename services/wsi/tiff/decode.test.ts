import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { bufferSource } from '../byte-source.ts'
import { buildTiff, dataStart, type Field } from './build-tiff.ts'
import { undecodable } from './decode.ts'
import { readGeometry, readImage } from './image.ts'
import { type Ifd, readTiff } from './index.ts'
import { createRegionReader, cutSingleStrip } from './region.ts'
import { Tag } from './tags.ts'

const WIDTH = 150
const HEIGHT = 130

/** Smooth ground with some noise: long and short LZW strings, full tables. */
const pixels = (channels: number) =>
  Buffer.from(
    Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => {
      const [x, y] = [Math.floor(i / channels) % WIDTH, Math.floor(i / channels / WIDTH)]
      return (x + 2 * y + (i % channels) * 60 + ((x * y * 7) % 11 === 0 ? (x * 31) % 90 : 0)) & 255
    }),
  )

const raw = (channels: 1 | 3 | 4) => sharp(pixels(channels), { raw: { width: WIDTH, height: HEIGHT, channels } })

async function open(file: Buffer) {
  const source = bufferSource(file)
  const [ifd] = (await readTiff(source)).ifds as [Ifd]
  const image = cutSingleStrip(await readImage(ifd, source.size))
  return { image, read: createRegionReader(source, image) }
}

const grey = { width: 16, height: 16, channels: 3, background: '#888' } as const
const smallJpeg = await sharp({ create: grey }).jpeg().toBuffer()

const whole = { x: 0, y: 0, width: WIDTH, height: HEIGHT }

describe('lossless TIFF written by libtiff', () => {
  const codings = (['none', 'lzw', 'deflate', 'packbits'] as const).flatMap(compression =>
    [false, true].flatMap(tile =>
      (['none', 'horizontal'] as const).map(predictor => ({ compression, tile, predictor })),
    ),
  )
  it.each(codings)(
    '$compression, tiled $tile, predictor $predictor: every pixel',
    async ({ compression, tile, predictor }) => {
      const options = { compression, predictor, tile, tileWidth: 64, tileHeight: 48 }
      const { read } = await open(await raw(3).tiff(options).toBuffer())
      expect((await read(whole)).equals(pixels(3))).toBe(true)
    },
  )

  it('grey becomes equal channels, alpha lies over white', async () => {
    const grey = await open(await raw(1).toColourspace('b-w').tiff({ compression: 'lzw' }).toBuffer())
    expect((await grey.read(whole)).equals(Buffer.from([...pixels(1)].flatMap(v => [v, v, v])))).toBe(true)
    const alpha = await open(await raw(4).tiff({ compression: 'deflate' }).toBuffer())
    const flat = await raw(4).flatten({ background: '#fff' }).raw().toBuffer()
    const difference = (await alpha.read(whole)).map((v, i) => Math.abs(v - (flat[i] as number)))
    expect(Math.max(...difference)).toBeLessThanOrEqual(1)
  })

  it('regions across tiles and beyond the edges, white outside', async () => {
    const { read } = await open(
      await raw(3).tiff({ compression: 'lzw', tile: true, tileWidth: 64, tileHeight: 64 }).toBuffer(),
    )
    const region = { x: -10, y: 50, width: 200, height: 90 }
    const expected = await raw(3)
      .extract({ left: 0, top: 50, width: WIDTH, height: 80 })
      .extend({ left: 10, right: 40, bottom: 10, background: '#fff' })
      .raw()
      .toBuffer()
    expect((await read(region)).equals(expected)).toBe(true)
    const outside = await read({ x: 500, y: 500, width: 4, height: 4 })
    expect(outside.every(v => v === 255)).toBe(true)
  })
})

describe('made tiles', () => {
  const tile = 64 * 64 * 3
  const made = (bytes: Buffer, compression: number, extra: Field[] = []) =>
    buildTiff(bytes, [
      [
        [Tag.ImageWidth, 3, [64]],
        [Tag.ImageLength, 3, [64]],
        [Tag.BitsPerSample, 3, [8, 8, 8]],
        [Tag.Compression, 3, [compression]],
        [Tag.PhotometricInterpretation, 3, [2]],
        [Tag.SamplesPerPixel, 3, [3]],
        [Tag.TileWidth, 3, [64]],
        [Tag.TileLength, 3, [64]],
        [Tag.TileOffsets, 4, [dataStart()]],
        [Tag.TileByteCounts, 4, [bytes.length]],
        ...extra,
      ],
    ]).file
  const region = { x: 0, y: 0, width: 64, height: 64 }

  it('that are missing are white', async () => {
    const { read } = await open(made(Buffer.alloc(0), 1))
    expect((await read(region)).every(v => v === 255)).toBe(true)
  })

  it.each([
    ['plain, too short', 1, Buffer.alloc(tile - 1)],
    ['LZW, one byte', 5, Buffer.from([0x80])],
    ['LZW, a code that is not defined', 5, Buffer.from([0x80, 0x7f, 0xff, 0xff, 0xff])],
    ['Deflate, garbage', 8, Buffer.from('no zlib stream')],
    ['Deflate, a bomb', 8, deflateSync(Buffer.alloc(50 * 1024 * 1024))],
    ['PackBits, a run beyond the tile', 32773, Buffer.from([0x81, 1])],
    ['JPEG, garbage', 7, Buffer.alloc(100, 0x41)],
    ['JPEG, wrong size', 7, smallJpeg],
  ])('that are broken are damage: %s', async (_, compression, bytes) => {
    const { read } = await open(made(bytes, compression))
    await expect(read(region)).rejects.toMatchObject({ code: 'damaged' })
  })

  it('that cannot be decoded here say why', async () => {
    const reason = async (compression: number, extra: Field[] = []) => {
      const [ifd] = (await readTiff(bufferSource(made(Buffer.alloc(30), compression, extra)))).ifds as [Ifd]
      return undecodable(await readGeometry(ifd))
    }
    expect(await reason(7)).toBeNull()
    expect(await reason(33003)).toMatch(/compression/)
    expect(await reason(1, [[Tag.PlanarConfiguration, 3, [2]]])).toMatch(/plane/)
    expect(await reason(1, [[Tag.SampleFormat, 3, [3, 3, 3]]])).toMatch(/8 bits/)
  })
})
