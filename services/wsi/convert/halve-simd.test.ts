import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { YuvImage } from '../yuv.ts'
import { allocatePadded } from './block.ts'
import { allocateForSimd, areForSimd } from './halve-simd.ts'
import { halve } from './planes.ts'

const memory = (bytes: number) => allocateForSimd(bytes) as Uint8Array
const planesOf = ({ y, u, v }: YuvImage) => [y, u, v]

test('vectors give what words give, and write no further than a row has room', () => {
  const edge = fc.integer({ min: 1, max: 150 })
  fc.assert(
    fc.property(
      edge,
      edge,
      fc.constantFrom('4:2:0' as const, '4:4:4' as const),
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      (width, height, subsampling, seed) => {
        const [source, other] = [memory, undefined].map(from => allocatePadded(width, height, 16, subsampling, from))
        const size = [(width + 1) >> 1, (height + 1) >> 1] as const
        const [vectors, words] = [memory, undefined].map(from => allocatePadded(...size, 16, subsampling, from))
        for (const image of [source!, other!])
          for (const plane of planesOf(image)) for (let i = 0; i < plane.length; i++) plane[i] = seed[(i * 7) % 64]! ^ i
        for (const image of [vectors!, words!]) for (const plane of planesOf(image)) plane.fill(77)
        expect([areForSimd(source!.y, vectors!.y), areForSimd(other!.y, words!.y)]).toEqual([true, false])
        halve(source!, vectors!)
        halve(other!, words!)
        const shift = subsampling === '4:2:0' ? 1 : 0
        for (const [i, plane] of planesOf(vectors!).entries()) {
          const stride = i === 0 ? vectors!.yStride : vectors!.uvStride
          const [w, h] = size.map(edge => (i === 0 ? edge : (edge + shift) >> shift)) as [number, number]
          const expected = planesOf(words!)[i]!
          for (let row = 0; row < h; row++)
            expect(plane.subarray(row * stride, row * stride + w)).toEqual(
              expected.subarray(row * stride, row * stride + w),
            )
          expect(plane.subarray(h * stride).every(value => value === 77)).toBe(true)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('memory ends without an error', () => {
  const pieces = Array.from({ length: 100 }, () => allocateForSimd(4 * 1024 * 1024))
  expect(pieces.at(0)?.length).toBe(4 * 1024 * 1024)
  expect(pieces.at(-1)).toBeNull()
})
