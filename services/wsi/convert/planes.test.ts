import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocateYuv, type YuvImage } from '../yuv.ts'
import { allocatePadded } from './block.ts'
import { from, halve, paste, repeatEdges } from './planes.ts'

/** Noise by a seed, in all planes with their padding. */
function noise(width: number, height: number, seed: number): YuvImage {
  const image = allocatePadded(width, height, 16)
  let state = seed
  for (const plane of [image.y, image.u, image.v]) {
    for (let i = 0; i < plane.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      plane[i] = state >>> 24
    }
  }
  return image
}

/** The exact average of what exists of 2x2 samples. */
function average(plane: Uint8Array, stride: number, width: number, height: number, x: number, y: number): number {
  const columns = [2 * x, 2 * x + 1].filter(column => column < width)
  const rows = [2 * y, 2 * y + 1].filter(row => row < height)
  const samples = rows.flatMap(row => columns.map(column => plane[row * stride + column] ?? 0))
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length
}

test('halving averages 2x2 samples of every plane, at odd edges what exists', () => {
  const edge = fc.integer({ min: 1, max: 70 })
  fc.assert(
    fc.property(edge, edge, fc.integer(), (width, height, seed) => {
      const image = noise(width, height, seed)
      const before = { ...image, y: image.y.slice(), u: image.u.slice(), v: image.v.slice() }
      repeatEdges(image, Math.ceil(width / 16) * 16, Math.ceil(height / 16) * 16)
      const half = allocatePadded((width + 1) >> 1, (height + 1) >> 1, 16)
      halve(image, half)
      const planes = [
        [before.y, before.yStride, half.y, half.yStride, width, height],
        [before.u, before.uvStride, half.u, half.uvStride, (width + 1) >> 1, (height + 1) >> 1],
        [before.v, before.uvStride, half.v, half.uvStride, (width + 1) >> 1, (height + 1) >> 1],
      ] as const
      for (const [source, stride, target, targetStride, w, h] of planes) {
        for (let y = 0; 2 * y < h; y++) {
          for (let x = 0; 2 * x < w; x++) {
            const exact = average(source, stride, w, h, x, y)
            expect(Math.abs((target[y * targetStride + x] ?? 0) - exact)).toBeLessThanOrEqual(0.5)
          }
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('brightness stays over many levels', () => {
  let image = noise(1024, 1024, 7)
  const mean = (plane: Uint8Array) => plane.reduce((sum, value) => sum + value, 0) / plane.length
  const before = mean(image.y)
  for (let i = 0; i < 4; i++) {
    const half = allocatePadded(image.width / 2, image.height / 2, 16)
    halve(image, half)
    image = half
  }
  expect(Math.abs(mean(image.y) - before)).toBeLessThan(0.2)
})

test('edges are repeated to the right, downwards and into the corner', () => {
  const image = allocatePadded(3, 3, 16)
  image.y.set([1, 2, 3], 0)
  image.y.set([4, 5, 6], image.yStride)
  image.y.set([7, 8, 9], 2 * image.yStride)
  repeatEdges(image, 16, 16)
  const row = (y: number) => [...image.y.subarray(y * image.yStride, y * image.yStride + 6)]
  expect([row(0), row(2), row(15)]).toEqual([
    [1, 2, 3, 3, 3, 3],
    [7, 8, 9, 9, 9, 9],
    [7, 8, 9, 9, 9, 9],
  ])
})

test('pasting puts an image where it belongs and nowhere else', () => {
  const target = allocateYuv(64, 64)
  const share = noise(10, 6, 3)
  paste(share, target, 32, 16)
  const there = from(target, 32, 16)
  expect(there.y[there.yStride + 9]).toBe(share.y[share.yStride + 9])
  expect(there.v[2 * there.uvStride + 4]).toBe(share.v[2 * share.uvStride + 4])
  expect([there.y[10], there.y[6 * there.yStride], target.y[0]]).toEqual([0, 0, 0])
})
