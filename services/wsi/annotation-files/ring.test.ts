import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boxRing, type Position, type Ring } from './geometry.ts'
import { indexRing, relationOf } from './ring.ts'
import { slabsOf } from './slabs.ts'
import { ring, star } from './testing.ts'

const boxed = (x0: number, y0: number, x1: number, y1: number): Ring => boxRing({ x0, y0, x1, y1 })
const relation = (inner: Ring, outer: Ring) => relationOf(indexRing(inner), indexRing(outer))
const outer = boxed(0, 0, 100, 100)

describe('relationOf', () => {
  it.each([
    ['well inside', boxed(10, 10, 20, 20), 'inside'],
    ['inside, touching a side', boxed(0, 10, 20, 20), 'inside'],
    ['inside, filling a corner', boxed(0, 0, 20, 20), 'inside'],
    ['far away', boxed(200, 200, 300, 300), 'apart'],
    ['beside, sharing a side', boxed(100, 0, 200, 100), 'apart'],
    ['across a side', boxed(50, 50, 150, 60), 'overlapping'],
    ['around', boxed(-10, -10, 110, 110), 'overlapping'],
    ['equal', outer, 'overlapping'],
    [
      'out through touching corners',
      [
        [50, 50],
        [100, 40],
        [150, 50],
        [100, 60],
        [50, 50],
      ] as Ring,
      'overlapping',
    ],
  ])('%s', (_, inner, expected) => {
    expect(relation(inner, outer)).toBe(expected)
  })

  it('sees the bay of a ring that is not convex', () => {
    const horseshoe: Ring = [[0, 0], [30, 0], [30, 30], [20, 30], [20, 10], [10, 10], [10, 30], [0, 30], [0, 0]] // biome-ignore format: one line reads better
    expect(relation(boxed(12, 12, 18, 28), horseshoe)).toBe('apart')
    expect(relation(boxed(10, 10, 20, 30), horseshoe)).toBe('apart')
    expect(relation(boxed(2, 2, 8, 28), horseshoe)).toBe('inside')
  })

  it('knows a ring that is shrunk, grown or moved away', () => {
    fc.assert(
      fc.property(star, ({ middle: [x, y], ring: one }) => {
        const half = one.map(([a, b]): Position => [x + (a - x) / 2, y + (b - y) / 2])
        expect(relation(half, one)).toBe('inside')
        expect(relation(one, half)).toBe('overlapping')
        const away = one.map(([a, b]): Position => [a + 5000, b])
        expect(relation(away, one)).toBe('apart')
      }),
    )
  })

  it('tells inside from outside as a plain walk over all edges does', () => {
    fc.assert(
      fc.property(ring, fc.integer({ min: -600, max: 600 }), fc.integer({ min: -600, max: 600 }), (one, dx, dy) => {
        const [x, y] = one[0]!
        const point: Position = [x + dx + 0.123, y + dy + 0.456]
        expect(indexRing(one).where(point)).toBe(walk(one, point) ? 'inside' : 'outside')
      }),
    )
  })
})

describe('slabsOf', () => {
  it('finds every interval that meets the one asked for', () => {
    const interval = fc
      .tuple(fc.integer({ min: 0, max: 1000 }), fc.nat(200))
      .map(([low, length]) => [low, low + length])
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 60 }), interval, (intervals, [low, high]) => {
        const slabs = slabsOf(
          intervals.length,
          i => intervals[i]![0]!,
          i => intervals[i]![1]!,
        )
        const near = new Set<number>()
        slabs.near(low!, high!, i => near.add(i))
        for (const [i, [a, b]] of intervals.entries()) if (a! <= high! && b! >= low!) expect(near).toContain(i)
      }),
    )
  })

  it('stays small when every interval spans everything', () => {
    let visits = 0
    slabsOf(
      20_000,
      () => 0,
      () => 1000,
    ).near(0, 1000, () => visits++)
    expect(visits).toBeLessThanOrEqual(8 * 20_000)
  })
})

function walk(one: Ring, [px, py]: Position): boolean {
  let inside = false
  for (let i = 1; i < one.length; i++) {
    const [ax, ay] = one[i - 1]!
    const [bx, by] = one[i]!
    if (ay > py !== by > py && px < ax + ((py - ay) / (by - ay)) * (bx - ax)) inside = !inside
  }
  return inside
}
