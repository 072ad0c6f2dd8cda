import type { SlideReader } from '@coverslip/wsi/slide.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rendition } from '../renditions/rendition.ts'
import { type MadePyramid, makePyramid } from '../testing/made-pyramid.ts'
import type { Picture } from './picture.ts'
import { createRenderQueue } from './queue.ts'
import { createRenderer } from './renderer.ts'
import { thumbnailOf } from './thumbnail.ts'

const SIZE = { width: 1500, height: 1100 }
const queue = createRenderQueue(2, 4)
const renderer = createRenderer(queue)
let made: MadePyramid
let pyramid: Rendition
let reader: SlideReader

beforeAll(async () => {
  made = await makePyramid(SIZE)
  ;({ pyramid, reader } = made)
})
afterAll(async () => {
  await queue.close()
  await made?.remove()
})

const picture = (given: Partial<Picture>): Picture => {
  const region = given.region ?? { x: 0, y: 0, ...SIZE }
  const plain = { mirror: false, rotation: 0, quality: 'colour', format: 'png', icc: 'ignore' } as const
  return { ...plain, region, size: { width: region.width, height: region.height }, ...given }
}
const render = async (given: Partial<Picture>) => renderer.render(pyramid, 'slide/1', picture(given))
const pixels = async (image: Buffer) => sharp(image).raw().toBuffer({ resolveWithObject: true })

const mean = (one: Uint8Array, other: Uint8Array): number =>
  one.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / one.length

test('a region at full size has the pixels of the slide', async () => {
  const region = { x: 203, y: 101, width: 410, height: 333 }
  const { data, info } = await pixels(await render({ region }))
  expect(info).toMatchObject({ width: 410, height: 333, channels: 3 })
  expect(data).toEqual(await reader.readRegion(203, 101, 410, 333))
  // Once more from kept tiles.
  expect((await pixels(await render({ region }))).data).toEqual(data)
})

test.each([2, 3, 4.7, 16])('reduced %d times it shows the same, averaged', async factor => {
  const region = { x: 128, y: 256, width: 1152, height: 768 }
  const size = { width: Math.round(1152 / factor), height: Math.round(768 / factor) }
  const { data, info } = await pixels(await render({ region, size }))
  expect(info).toMatchObject(size)
  const raw = { width: 1152, height: 768, channels: 3 } as const
  const expected = sharp(await reader.readRegion(128, 256, 1152, 768), { raw }).resize({ ...size, fit: 'fill' })
  expect(mean(data, await expected.raw().toBuffer())).toBeLessThan(8)
})

test('tiles are decoded to fewer pixels where no level is near', async () => {
  const flat = { ...pyramid, levels: pyramid.levels.slice(0, 1) }
  const region = { x: 256, y: 0, width: 1024, height: 1024 }
  const small = { region, size: { width: 256, height: 256 } }
  const { data } = await pixels(await renderer.render(flat, 'flat/1', picture(small)))
  expect(mean(data, (await pixels(await render(small))).data)).toBeLessThan(8)
})

test('it may be enlarged and its proportions changed', async () => {
  const region = { x: 10, y: 10, width: 50, height: 20 }
  expect((await pixels(await render({ region, size: { width: 333, height: 444 } }))).info).toMatchObject({
    width: 333,
    height: 444,
  })
})

test('mirrored, then turned', async () => {
  const region = { x: 300, y: 300, width: 64, height: 32 }
  const { data } = await pixels(await render({ region }))
  const turned = await pixels(await render({ region, mirror: true, rotation: 90 }))
  expect(turned.info).toMatchObject({ width: 32, height: 64 })
  // Mirrored, the upper right corner becomes the upper left one, which a quarter turn clockwise brings to the upper right.
  expect(turned.data.subarray(31 * 3, 32 * 3)).toEqual(data.subarray(63 * 3, 64 * 3))
  expect(turned.data.subarray(0, 3)).toEqual(data.subarray((31 * 64 + 63) * 3, (31 * 64 + 64) * 3))
})

test('what a slanting picture uncovers is transparent, in a JPEG white', async () => {
  const region = { x: 300, y: 300, width: 100, height: 100 }
  const png = await pixels(await render({ region, rotation: 45 }))
  expect(png.info.width).toBeGreaterThan(140)
  expect(png.info.channels).toBe(4)
  expect(png.data[3]).toBe(0)
  const jpeg = await pixels(await render({ region, rotation: 45, format: 'jpeg' }))
  expect(Math.min(...jpeg.data.subarray(0, 3))).toBeGreaterThan(250)
})

test('grey has one colour in three, bitonal black and white only', async () => {
  const grey = await sharp(await render({ quality: 'grey' })).stats()
  expect(grey.channels.length).toBe(1)
  const bitonal = await pixels(await render({ quality: 'bitonal' }))
  expect([...new Set(bitonal.data)].sort()).toEqual([0, 255])
})

test.each(['jpeg', 'webp', 'png', 'avif'] as const)('as %s', async format => {
  const size = { width: 96, height: 64 }
  const image = await render({ format, size })
  expect(await sharp(image).metadata()).toMatchObject({ format: format === 'avif' ? 'heif' : format, ...size })
  expect(mean((await pixels(image)).data, (await pixels(await render({ size }))).data)).toBeLessThan(12)
})

test('the slide’s colour profile is left out, kept or applied', async () => {
  const p3 = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .withIccProfile('p3')
    .png()
    .toBuffer()
  const icc = (await sharp(p3).metadata()).icc!
  const profiled = { ...pyramid, icc }
  const region = { x: 300, y: 300, width: 200, height: 200 }
  const of = (given: Partial<Picture>) => renderer.render(profiled, 'slide/1', picture({ region, ...given }))
  const plain = await pixels(await of({}))
  expect((await sharp(await of({})).metadata()).icc).toBeUndefined()
  const embedded = await of({ icc: 'embed' })
  expect((await sharp(embedded).metadata()).icc).toEqual(icc)
  // The numbers stay, only what they mean is told.
  const bare = sharp(embedded, { ignoreIcc: true } as object)
  expect((await bare.raw().toBuffer()).subarray(0, 300)).toEqual(plain.data.subarray(0, 300))
  const applied = await of({ icc: 'srgb' })
  expect((await sharp(applied).metadata()).icc).toBeUndefined()
  expect(mean((await pixels(applied)).data, plain.data)).toBeGreaterThan(1)
  expect((await sharp(await of({ icc: 'embed', format: 'jpeg' })).metadata()).icc).toEqual(icc)
})

test('a picture that is a stored tile goes out as it is stored, at the edge clipped without loss', async () => {
  const inner = { region: { x: 512, y: 512, width: 512, height: 512 }, size: { width: 256, height: 256 } }
  expect(await render({ ...inner, format: 'jpeg' })).toEqual(await pyramid.readTile(1, 1, 1))
  const edge = { x: 1280, y: 1024, width: 220, height: 76 }
  const { data, info } = await pixels(await render({ region: edge, format: 'jpeg' }))
  expect(info).toMatchObject({ width: 220, height: 76 })
  expect(mean(data, await reader.readRegion(1280, 1024, 220, 76))).toBeLessThan(1)
  const below = { x: 1024, y: 0, width: 476, height: 512 }
  const clipped = await pixels(await render({ region: below, size: { width: 238, height: 256 }, format: 'jpeg' }))
  expect(clipped.info).toMatchObject({ width: 238, height: 256 })
})

test.each([
  [202, 100],
  [203, 100],
  [202, 101],
  [203, 101],
])('a JPEG of JPEG tiles is what the pixels are, also from an odd pixel on: %d, %d', async (x, y) => {
  // To the end of a tile, beyond which none is read.
  const region = { x, y, width: 512 - x, height: 512 - y }
  const quick = await pixels(await render({ region, format: 'jpeg' }))
  expect(quick.info).toMatchObject({ width: 512 - x, height: 512 - y })
  const exact = await reader.readRegion(x, y, 512 - x, 512 - y)
  const raw = { width: 512 - x, height: 512 - y, channels: 3 } as const
  // Not further from the pixels than what the way over RGB makes of them.
  const byRgb = await sharp(exact, { raw }).jpeg({ quality: 80 }).toBuffer()
  expect(mean(quick.data, exact)).toBeLessThan(1.05 * mean((await pixels(byRgb)).data, exact))
})

test.each([
  [128, 256, 384],
  [129, 256, 200],
  [128, 257, 211],
  [131, 259, 383],
])('a JPEG at another size is as near to the pixels as one over RGB: %d, %d, %d', async (x, y, side) => {
  const [region, size] = [
    { x, y, width: 384, height: 384 },
    { width: side, height: side },
  ]
  const quick = await pixels(await render({ region, size, format: 'jpeg' }))
  expect(quick.info).toMatchObject(size)
  const raw = { width: 384, height: 384, channels: 3 } as const
  const exact = sharp(await reader.readRegion(x, y, 384, 384), { raw }).resize({ ...size, fit: 'fill' })
  const wanted = await exact.raw().toBuffer()
  const byRgb = await sharp(wanted, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer()
  expect(mean(quick.data, wanted)).toBeLessThan(1.05 * mean((await pixels(byRgb)).data, wanted))
})

test('a missing tile is white in a JPEG, too, whatever was there before', async () => {
  const sparse: Rendition = {
    ...pyramid,
    readTile: async (level, column, row) => (column === 1 ? undefined : pyramid.readTile(level, column, row)),
  }
  const region = { x: 100, y: 100, width: 300, height: 100 }
  const of = async (rendition: Rendition, id: string) =>
    (await pixels(await renderer.render(rendition, id, picture({ region, format: 'jpeg' })))).data
  const whole = await of(pyramid, 'slide/1')
  const holed = await of(sparse, 'sparse/1')
  expect(Math.min(...holed.subarray(290 * 3, 291 * 3))).toBeGreaterThan(250)
  expect(mean(holed.subarray(0, 300), whole.subarray(0, 300))).toBeLessThan(3)
  expect(await of(pyramid, 'slide/1')).toEqual(whole)
})

test('a thumbnail keeps the proportions and is never enlarged', async () => {
  const thumbnail = async (max: number) =>
    sharp(await renderer.render(pyramid, 'slide/1', thumbnailOf(pyramid, max))).metadata()
  expect(await thumbnail(300)).toMatchObject({ format: 'jpeg', width: 300, height: 220 })
  expect(await thumbnail(2048)).toMatchObject(SIZE)
})

test('a missing tile is white, not what was painted before', async () => {
  const sparse: Rendition = {
    ...pyramid,
    readTile: async (level, column, row) => (column === 1 ? undefined : pyramid.readTile(level, column, row)),
  }
  const region = { x: 0, y: 0, width: 300, height: 300 }
  await render({ region })
  const { data } = await pixels(await renderer.render(sparse, 'sparse/1', picture({ region })))
  expect([...data.subarray(290 * 3, 291 * 3)]).toEqual([255, 255, 255])
  expect([...data.subarray(30, 33)]).toEqual([...(await reader.readRegion(10, 0, 1, 1))])
})

test('a rendition that gives pixels only', async () => {
  const rendered = { ...pyramid, passThrough: false }
  const region = { x: 203, y: 101, width: 410, height: 333 }
  const image = await renderer.render(rendered, 'rendered/1', picture({ region }))
  expect((await pixels(image)).data).toEqual(await reader.readRegion(203, 101, 410, 333))
})

test('a damaged tile is told as such, and harms nothing else', async () => {
  const damaged: Rendition = { ...pyramid, readTile: async () => Buffer.from('no picture at all') }
  const region = { x: 0, y: 0, width: 100, height: 100 }
  await expect(renderer.render(damaged, 'damaged/1', picture({ region }))).rejects.toMatchObject({ code: 'damaged' })
  expect((await render({ region })).length).toBeGreaterThan(100)
})

/** Tiles that come when they are let. */
function held(): { rendition: Rendition; let(): void; asked: () => number } {
  const gate = Promise.withResolvers<void>()
  let asked = 0
  const readTile: Rendition['readTile'] = async (...place) => {
    asked += 1
    await gate.promise
    return pyramid.readTile(...place)
  }
  return { rendition: { ...pyramid, readTile }, let: gate.resolve, asked: () => asked }
}

test('two are rendered, four wait, the next is told to come again', async () => {
  const { rendition, let: proceed } = held()
  const small = picture({ region: { x: 0, y: 0, width: 64, height: 64 } })
  const taken = Array.from({ length: 6 }, () => renderer.render(rendition, 'held/1', small))
  await expect(renderer.render(rendition, 'held/1', small)).rejects.toMatchObject({ code: 'unavailable' })
  proceed()
  for (const image of await Promise.all(taken)) expect(image.length).toBeGreaterThan(0)
  expect(queue.length).toBe(0)
})

test('who leaves frees the place; nothing is read for them', async () => {
  const { rendition, let: proceed, asked } = held()
  const small = picture({ region: { x: 0, y: 0, width: 64, height: 64 } })
  const taken = Array.from({ length: 2 }, () => renderer.render(rendition, 'left/1', small))
  const leaver = new AbortController()
  const left = renderer.render(rendition, 'left/1', small, leaver.signal)
  await Promise.resolve()
  leaver.abort()
  await expect(left).rejects.toMatchObject({ name: 'AbortError' })
  expect(queue.length).toBe(2)
  proceed()
  await Promise.all(taken)
  expect(asked()).toBe(2)
})
