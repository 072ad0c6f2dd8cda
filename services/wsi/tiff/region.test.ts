import sharp from 'sharp'
import { expect, it } from 'vitest'
import { bufferSource } from '../byte-source.ts'
import type { ByteSource } from '../slide.ts'
import { readImage } from './image.ts'
import { type Ifd, readTiff } from './index.ts'
import { createRegionReader } from './region.ts'

const SIZE = { width: 600, height: 1500 }

async function striped() {
  const pixels = Buffer.from(Array.from({ length: SIZE.width * SIZE.height * 3 }, (_, i) => (i * 7 + (i >> 5)) & 0xff))
  const picture = sharp(pixels, { raw: { ...SIZE, channels: 3 } })
  const file = await picture.tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer()
  const reads: number[] = []
  const whole = bufferSource(file)
  const source: ByteSource = {
    size: whole.size,
    read: (offset, length) => {
      reads.push(offset)
      return whole.read(offset, length)
    },
  }
  const image = await readImage((await readTiff(whole)).ifds[0] as Ifd, whole.size)
  return { pixels, source, image, reads }
}

it('a strip is decoded once for all columns of blocks that need it, asked for together or after each other', async () => {
  const { pixels, source, image, reads } = await striped()
  expect(image).toMatchObject({ tiled: false })
  expect(image.down).toBeGreaterThan(3)
  const read = createRegionReader(source, image)
  const column = (x: number) => read({ x, y: 0, width: 200, height: 1500 })
  const [left, middle] = await Promise.all([column(0), column(200)])
  const right = await column(400)
  expect(reads.length).toBe(image.down)
  const row = (region: Buffer, y: number) => region.subarray(y * 600, (y + 1) * 600)
  for (const y of [0, 17, 1499]) {
    const joined = Buffer.concat([row(left as Buffer, y), row(middle as Buffer, y), row(right, y)])
    expect(joined.equals(pixels.subarray(y * 1800, (y + 1) * 1800))).toBe(true)
  }
})

it('a strip that cannot be read is tried again', async () => {
  const { source, image } = await striped()
  let failing = true
  const moody: ByteSource = {
    size: source.size,
    read: (offset, length) => (failing ? Promise.reject(new Error('the store is away')) : source.read(offset, length)),
  }
  const read = createRegionReader(moody, image)
  await expect(read({ x: 0, y: 0, width: 10, height: 10 })).rejects.toThrow('away')
  failing = false
  expect(await read({ x: 0, y: 0, width: 10, height: 10 })).toHaveLength(300)
})

it('regions that are read together are whole, though there is no room to keep all tiles', async () => {
  const edge = 4096
  const pixels = Buffer.alloc(edge * edge * 3, Buffer.from(Array.from({ length: 1021 }, (_, i) => i & 0xff)))
  const picture = sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } })
  const file = await picture.tiff({ compression: 'none', tile: true, tileWidth: 1024, tileHeight: 1024 }).toBuffer()
  const source = bufferSource(file)
  const read = createRegionReader(source, await readImage((await readTiff(source)).ifds[0] as Ifd, source.size))
  const places = [0, 700, 1500, 2900, 0].map(y => ({ x: 0, y, width: edge, height: 1000 }))
  for (const [i, region] of (await Promise.all(places.map(place => read(place)))).entries()) {
    const start = (places[i]?.y as number) * edge * 3
    expect(region.equals(pixels.subarray(start, start + region.length))).toBe(true)
  }
  expect(source.size).toBe(file.length)
})
