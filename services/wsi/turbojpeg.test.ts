import { expect, test } from 'vitest'
import { SlideFileError } from './errors.ts'
import { frameSize } from './jpeg.ts'
import {
  crop,
  decodeReduced,
  decodeRgb,
  decodeUpperRows,
  decodeYuv,
  decodeYuvInto,
  encodeRgb,
  encodeYuv,
  readHeader,
  rgbToYuv,
} from './turbojpeg.ts'
import { allocateYuv } from './yuv.ts'

/** A smooth colour field: JPEG keeps it well, so that what is lost is the code's fault. */
function field(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rgb.set([50 + x, 200 - y, 100 + (x >> 1)], (y * width + x) * 3)
  }
  return rgb
}

const worst = (a: Uint8Array, b: Uint8Array) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)

test('RGB survives encoding and decoding, odd sizes included', () => {
  const rgb = field(101, 67)
  const jpeg = encodeRgb(rgb, 101, 67, { quality: 95, subsampling: '4:4:4' })
  expect(readHeader(jpeg)).toEqual({ width: 101, height: 67, sampling: '4:4:4', colorspace: 'ycbcr' })
  const decoded = decodeRgb(jpeg)
  expect([decoded.width, decoded.height]).toEqual([101, 67])
  expect(worst(decoded.data, rgb)).toBeLessThanOrEqual(4)
})

test.each([2, 4, 8] as const)('decoded to a %dth of its sides, odd sizes included', reduction => {
  const jpeg = encodeRgb(field(101, 67), 101, 67, { quality: 95, subsampling: '4:4:4' })
  const { width, height, data } = decodeReduced(jpeg, reduction)
  expect([width, height]).toEqual([Math.ceil(101 / reduction), Math.ceil(67 / reduction)])
  const whole = decodeRgb(jpeg).data
  // The field is a slope: the mean of a square is its value halfway between two corners.
  const corner = (x: number, y: number) => whole[(y * 101 + x) * 3]!
  const expected = (corner(8, 8) + corner(8 + reduction - 1, 8 + reduction - 1)) / 2
  expect(Math.abs(data[((8 / reduction) * width + 8 / reduction) * 3]! - expected)).toBeLessThan(4)
})

test('the sampling is as asked for', () => {
  const rgb = field(64, 64)
  for (const subsampling of ['4:4:4', '4:2:2', '4:2:0'] as const)
    expect(frameSize(encodeRgb(rgb, 64, 64, { subsampling })).sampling).toBe(subsampling)
  expect(frameSize(encodeRgb(rgb, 64, 64)).sampling).toBe('4:2:0')
})

test('planes of a 4:2:0 JPEG are its samples: encoding them again at the same quality changes next to nothing', () => {
  const jpeg = encodeRgb(field(96, 80), 96, 80, { quality: 80 })
  const planes = decodeYuv(jpeg)
  const again = decodeYuv(encodeYuv(planes, 96, 80, { quality: 80 }))
  expect(worst(again.y, planes.y)).toBeLessThanOrEqual(1)
  expect(worst(again.u, planes.u)).toBeLessThanOrEqual(1)
  expect(worst(again.v, planes.v)).toBeLessThanOrEqual(1)
})

test('decoding into a larger image writes the given rectangle only', () => {
  const jpeg = encodeRgb(new Uint8Array(32 * 32 * 3).fill(200), 32, 32, { quality: 90 })
  const image = allocateYuv(64, 64)
  image.y.fill(7)
  const at = {
    ...image,
    y: image.y.subarray(16 * 64 + 16),
    u: image.u.subarray(8 * 32 + 8),
    v: image.v.subarray(8 * 32 + 8),
  }
  decodeYuvInto(jpeg, at, 32, 32)
  const value = (x: number, y: number) => image.y[y * 64 + x]
  expect([value(15, 16), value(16, 16), value(47, 47), value(48, 47), value(47, 48)]).toEqual([7, 200, 200, 7, 7])
})

test('upper rows alone are those of the whole picture, and nothing below them is written', () => {
  const jpeg = encodeRgb(field(96, 80), 96, 80)
  const before = Buffer.from(jpeg)
  const whole = decodeYuv(jpeg)
  const image = allocateYuv(96, 80)
  for (const plane of [image.y, image.u, image.v]) plane.fill(7)
  decodeUpperRows(jpeg, image, readHeader(jpeg), 48)
  expect(image.y.subarray(0, 48 * image.yStride)).toEqual(whole.y.subarray(0, 48 * whole.yStride))
  expect(image.u.subarray(0, 24 * image.uvStride)).toEqual(whole.u.subarray(0, 24 * whole.uvStride))
  expect(image.v.subarray(0, 24 * image.uvStride)).toEqual(whole.v.subarray(0, 24 * whole.uvStride))
  expect(new Set([...image.y.subarray(48 * image.yStride), ...image.u.subarray(24 * image.uvStride)])).toEqual(
    new Set([7]),
  )
  expect(jpeg).toEqual(before)
})

test('RGB becomes full-range BT.601 planes', () => {
  const image = allocateYuv(2, 2)
  rgbToYuv(Uint8Array.from([255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0]), 2, 2, image)
  // Y = 0.299 R, Cb = 128 - 0.168736 R, Cr = 128 + 0.5 R (JFIF 1.02)
  expect([image.y[0], image.u[0], image.v[0]]).toEqual([76, 85, 255])
})

test('cropping keeps the samples that remain', () => {
  const jpeg = encodeRgb(field(256, 256), 256, 256)
  const cut = crop(jpeg, 100, 37)
  expect(readHeader(cut)).toMatchObject({ width: 100, height: 37, sampling: '4:2:0' })
  const whole = decodeYuv(jpeg)
  const part = decodeYuv(cut)
  for (let y = 0; y < 37; y++)
    expect(part.y.subarray(y * part.yStride, y * part.yStride + 100)).toEqual(whole.y.subarray(y * 256, y * 256 + 100))
})

test('a cut stream is shown as far as it goes, as every reader does', () => {
  const rgb = field(64, 64)
  const jpeg = encodeRgb(rgb, 64, 64, { quality: 90 })
  const { data } = decodeRgb(jpeg.subarray(0, jpeg.length - 40))
  expect(worst(data.subarray(0, 64 * 3), rgb.subarray(0, 64 * 3))).toBeLessThanOrEqual(12)
})

test('damaged streams and wrong sizes end as SlideFileError', () => {
  const jpeg = encodeRgb(field(64, 64), 64, 64)
  expect(() => decodeRgb(Buffer.from('not a JPEG at all'))).toThrow(SlideFileError)
  expect(() => decodeRgb(Buffer.alloc(0))).toThrow(SlideFileError)
  expect(() => decodeYuvInto(jpeg, allocateYuv(32, 32), 32, 32)).toThrow(/differs/)
  expect(() => decodeYuv(encodeRgb(field(64, 64), 64, 64, { subsampling: '4:2:2' }))).toThrow(/differs/)
  expect(() => crop(jpeg.subarray(0, 100), 10, 10)).toThrow(SlideFileError)
  expect(() => encodeRgb(new Uint8Array(10), 64, 64)).toThrow(RangeError)
})

test('a header that breaks off does not spoil the next picture', () => {
  const rgb = field(64, 64)
  const sound = encodeRgb(rgb, 64, 64, { quality: 95 })
  const broken = Buffer.from(sound)
  const tables = broken.indexOf(Buffer.from([0xff, 0xdb]))
  broken[tables + 4] = 0x0f
  const expected = decodeRgb(sound).data
  for (let i = 0; i < 3; i++) {
    expect(() => decodeRgb(broken)).toThrow(SlideFileError)
    expect(Buffer.compare(decodeRgb(sound).data, expected)).toBe(0)
  }
})
