import { allocateYuv, type YuvImage } from '@coverslip/wsi/yuv.ts'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { createResampler, isResampled, RESAMPLER_BYTES } from './resample.ts'
import { createResampleSimd } from './resample-simd.ts'

const ROOM = 4 * 1024 * 1024
const simd = createResampleSimd(2 * ROOM + RESAMPLER_BYTES)
const resampler = createResampler(simd, 2 * ROOM)
const planes = (index: number, width: number, height: number): YuvImage =>
  allocateYuv(width, height, '4:2:0', bytes => new Uint8Array(simd.buffer, index * ROOM, bytes))

/** Shapes of many sizes with some noise, as tissue has. */
function fill({ y, u, v, yStride, uvStride }: YuvImage): void {
  const value = (i: number, j: number): number =>
    128 + 60 * Math.sin(i / 7) * Math.cos(j / 11) + 50 * Math.sin((i * j) / 900) + ((i * 31 + j * 17) % 13)
  const rows = y.length / yStride
  for (let row = 0; row < rows; row += 1) for (let i = 0; i < yStride; i += 1) y[row * yStride + i] = value(i, row)
  for (let row = 0; row < rows / 2; row += 1)
    for (let i = 0; i < uvStride; i += 1)
      [u[row * uvStride + i], v[row * uvStride + i]] = [value(row, i), value(i, 3 * row)]
}

const cut = (plane: Uint8Array, stride: number, x: number, y: number, width: number, height: number): Buffer =>
  Buffer.concat(Array.from({ length: height }, (_, row) => plane.subarray((y + row) * stride + x).subarray(0, width)))

async function bySharp(data: Buffer, width: number, height: number, to: { width: number; height: number }) {
  const image = sharp(data, { raw: { width, height, channels: 1 } }).resize({ ...to, fit: 'fill' })
  return image.toColourspace('b-w').raw().toBuffer()
}

const worst = (one: Uint8Array, other: Uint8Array): number => {
  expect(one.length).toBe(other.length)
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0)
}

test.each([
  [
    { x: 10, y: 20, width: 768, height: 768 },
    { width: 512, height: 512 },
  ],
  [
    { x: 0, y: 0, width: 700, height: 401 },
    { width: 351, height: 207 },
  ],
  [
    { x: 3, y: 7, width: 300, height: 200 },
    { width: 299, height: 200 },
  ],
  [
    { x: 40, y: 6, width: 30, height: 9 },
    { width: 333, height: 100 },
  ],
])('luma of %j at %j is what libvips makes of it, to the rounding', async (crop, size) => {
  const source = planes(0, 1024, 1024)
  fill(source)
  const target = planes(1, size.width, size.height)
  resampler.resample(source, crop, target, size)
  const pixels = cut(source.y, source.yStride, crop.x, crop.y, crop.width, crop.height)
  const expected = await bySharp(pixels, crop.width, crop.height, size)
  expect(worst(cut(target.y, target.yStride, 0, 0, size.width, size.height), expected)).toBeLessThanOrEqual(3)
})

test('chroma of an even crop, too', async () => {
  const source = planes(0, 1024, 1024)
  fill(source)
  const size = { width: 512, height: 256 }
  const target = planes(1, size.width, size.height)
  resampler.resample(source, { x: 128, y: 64, width: 768, height: 512 }, target, size)
  for (const name of ['u', 'v'] as const) {
    const expected = await bySharp(cut(source[name], source.uvStride, 64, 32, 384, 256), 384, 256, {
      width: 256,
      height: 128,
    })
    expect(worst(cut(target[name], target.uvStride, 0, 0, 256, 128), expected)).toBeLessThanOrEqual(3)
  }
})

test('from an odd pixel on chroma is taken half a sample further', () => {
  const source = planes(0, 256, 256)
  for (const [i] of source.u.entries()) source.u[i] = 20 + (i % source.uvStride)
  const target = planes(1, 64, 64)
  resampler.resample(source, { x: 33, y: 33, width: 96, height: 96 }, target, { width: 64, height: 64 })
  // Each sample of the picture is three pixels further: the first amid 33 and 36, which is 34.5, sample 16.75 of chroma.
  for (const i of [4, 9, 20]) expect(target.u[i]! - (20 + 16.75 + 1.5 * i)).toBeCloseTo(0, -0.3)
})

test('an even colour stays the same, at any size', () => {
  const source = planes(0, 512, 512)
  new Uint8Array(simd.buffer, 0, ROOM).fill(243)
  for (const side of [200, 211, 256, 333, 511, 512, 900]) {
    const target = planes(1, side, side)
    resampler.resample(source, { x: 1, y: 2, width: 400, height: 398 }, target, { width: side, height: side })
    expect(new Set(cut(target.y, target.yStride, 0, 0, side, side))).toEqual(new Set([243]))
    expect(new Set(cut(target.v, target.uvStride, 0, 0, side >> 1, side >> 1))).toEqual(new Set([243]))
  }
})

test('two pixels become many, the first and the last alike', () => {
  const source = planes(0, 64, 64)
  source.y.set([40, 200])
  const target = planes(1, 64, 3)
  resampler.resample(source, { x: 0, y: 0, width: 2, height: 1 }, target, { width: 64, height: 3 })
  const row = target.y.subarray(0, 64)
  expect(row[10]!).toBeLessThan(50)
  for (const [i, value] of row.entries()) expect(Math.abs(value + row[63 - i]! - 240)).toBeLessThanOrEqual(1)
  expect(target.y.subarray(2 * target.yStride, 2 * target.yStride + 64)).toEqual(row)
})

test('more than what a level is short of another is left to others', () => {
  const size = { width: 100, height: 100 }
  expect(isResampled({ width: 250, height: 200 }, size)).toBe(true)
  expect(isResampled({ width: 251, height: 200 }, size)).toBe(false)
  expect(isResampled({ width: 100, height: 400 }, size)).toBe(false)
})
