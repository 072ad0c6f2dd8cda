/** Enlarged pictures beside what the textbook makes of the same pixels, and libvips, from where it means to be. */
import type { SlideReader } from '@coverslip/wsi/slide.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Format } from '../formats.ts'
import type { Rendition } from '../renditions/rendition.ts'
import { type MadePyramid, makePyramid } from '../testing/made-pyramid.ts'
import type { Rectangle, Size } from './picture.ts'
import { createRenderQueue } from './queue.ts'
import { createRenderer } from './renderer.ts'

const SIZE = { width: 1500, height: 1100 }
const queue = createRenderQueue(1, 4)
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

const plain = { mirror: false, rotation: 0, quality: 'colour', icc: 'ignore' } as const
const pixels = (image: Buffer) => sharp(image).raw().toBuffer({ resolveWithObject: true })
const render = async (region: Rectangle, size: Size, format: Format) =>
  pixels(await renderer.render(pyramid, 'slide/1', { ...plain, region, size, format }))

const lanczos = (x: number): number => {
  const angle = Math.PI * x
  if (Math.abs(x) >= 3) return 0
  return x === 0 ? 1 : (3 * Math.sin(angle) * Math.sin(angle / 3)) / (angle * angle)
}

/** An output sample's neighbours and their shares, pixels lying about their middles; those beyond the end are its last. */
function sharesOf(i: number, sides: number, count: number): [number, number][] {
  const step = sides / count
  const scale = Math.max(1, step)
  const centre = (i + 0.5) * step - 0.5
  const from = Math.ceil(centre - 3 * scale)
  const found = Array.from({ length: Math.floor(centre + 3 * scale) - from + 1 }, (_, tap): [number, number] => [
    Math.min(Math.max(from + tap, 0), sides - 1),
    lanczos((from + tap - centre) / scale),
  ])
  const sum = found.reduce((total, [, share]) => total + share, 0)
  return found.map(([at, share]) => [at, share / sum])
}

/** The slide's own pixels at another size, in floating point, each by its definition. */
async function expected({ x, y, width, height }: Rectangle, size: Size): Promise<Uint8Array> {
  const pixels = await reader.readRegion(x, y, width, height)
  const out = new Uint8ClampedArray(size.width * size.height * 3)
  const across = Array.from({ length: size.width }, (_, i) => sharesOf(i, width, size.width))
  for (let row = 0; row < size.height; row += 1) {
    const down = sharesOf(row, height, size.height)
    // First down, so that the rows are put together once.
    const line = new Float64Array(width * 3)
    for (const [at, share] of down) for (const i of line.keys()) line[i]! += share * pixels[at * width * 3 + i]!
    for (const [i, shares] of across.entries()) {
      for (let c = 0; c < 3; c += 1) {
        out[(row * size.width + i) * 3 + c] = shares.reduce((sum, [at, share]) => sum + share * line[at * 3 + c]!, 0)
      }
    }
  }
  return new Uint8Array(out.buffer)
}

const mean = (one: Uint8Array, other: Uint8Array): number =>
  one.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / one.length

/** Across the seams of tiles, from odd pixels, at both ends of the slide, and by other factors across than down. */
const CASES: [string, Rectangle, Size][] = [
  ['a little', { x: 202, y: 180, width: 200, height: 160 }, { width: 275, height: 220 }],
  ['from an odd pixel', { x: 203, y: 181, width: 121, height: 95 }, { width: 363, height: 285 }],
  ['eight times', { x: 496, y: 250, width: 40, height: 24 }, { width: 320, height: 192 }],
  ['wider than high', { x: 300, y: 301, width: 60, height: 60 }, { width: 407, height: 90 }],
  ['wider and lower', { x: 300, y: 300, width: 200, height: 200 }, { width: 300, height: 120 }],
  ['at the slide’s beginning', { x: 0, y: 0, width: 50, height: 50 }, { width: 225, height: 225 }],
  ['at its end', { x: 1431, y: 1047, width: 69, height: 53 }, { width: 276, height: 212 }],
]

const worst = (one: Uint8Array, other: Uint8Array): number =>
  one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0)

test.each(CASES)('%s: the pixels are those of the definition, to the rounding', async (_name, region, size) => {
  const { data, info } = await render(region, size, 'png')
  expect(info).toMatchObject(size)
  const wanted = await expected(region, size)
  expect(mean(data, wanted)).toBeLessThan(0.5)
  // What libvips has shrunk is whole bytes before it grows across.
  expect(worst(data, wanted)).toBeLessThanOrEqual(size.height < region.height ? 16 : 2)
})

test.each(CASES)('%s: a JPEG is as near to them as one over RGB', async (_name, region, size) => {
  const quick = await render(region, size, 'jpeg')
  expect(quick.info).toMatchObject(size)
  const wanted = await expected(region, size)
  const byRgb = await sharp(wanted, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 80 })
    .toBuffer()
  const bound = mean((await pixels(byRgb)).data, wanted)
  expect(mean(quick.data, wanted)).toBeLessThan(1.05 * bound + 0.15)
})

/** libvips places what grows half a pixel too far to the right and down; a picture turned round, to the left and up. */
test('they lie amid what libvips makes of the picture and of the same turned round', async () => {
  const region = { x: 300, y: 300, width: 128, height: 96 }
  const size = { width: 384, height: 288 }
  const { data } = await render(region, size, 'png')
  const raw = { width: 128, height: 96, channels: 3 } as const
  const pixels = await reader.readRegion(300, 300, 128, 96)
  const enlarged = (bytes: Uint8Array) =>
    sharp(bytes, { raw })
      .resize({ ...size, fit: 'fill' })
      .raw()
      .toBuffer()
  const turned = (bytes: Uint8Array, of: Size) =>
    sharp(bytes, { raw: { ...of, channels: 3 } })
      .rotate(180)
      .raw()
      .toBuffer()
  const right = await enlarged(pixels)
  const left = await turned(await enlarged(await turned(pixels, raw)), size)
  const middle = right.map((value, i) => (value + left[i]!) / 2)
  expect(mean(data, right) / mean(data, left)).toBeCloseTo(1, 1)
  expect(mean(data, middle)).toBeLessThan(0.5 * mean(data, right))
})
