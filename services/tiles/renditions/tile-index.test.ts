import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTileIndex } from './tile-index.ts'

const place = (far: number) => fc.record({ offset: fc.nat({ max: far }), length: fc.nat({ max: 70_000 }) })

test('tells the places that it was made of, near and far, long and short, and those of tiles that are left out', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(place(1000), place(2 ** 40), fc.constant({ offset: 0, length: 0 }))), places => {
      const offsets = Float64Array.from(places, ({ offset }) => offset)
      const index = createTileIndex(
        offsets,
        Float64Array.from(places, ({ length }) => length),
      )
      for (const [i, { offset, length }] of places.entries()) {
        expect(index.length(i)).toBe(length)
        if (length > 0) expect(index.offset(i)).toBe(offset)
      }
    }),
  )
})

test('a slide of more than four gigabytes begins anywhere', () => {
  const index = createTileIndex(Float64Array.of(2 ** 45 + 7, 0, 2 ** 45), Float64Array.of(5, 0, 65_535))
  expect([index.offset(0), index.length(0), index.length(1), index.offset(2)]).toEqual([2 ** 45 + 7, 5, 0, 2 ** 45])
})
