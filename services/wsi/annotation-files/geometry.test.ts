import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  boxOf,
  boxOfPositions,
  boxRing,
  closed,
  ellipseRing,
  ellipseSize,
  isBoxRing,
  type Position,
  partArea,
  partLength,
  partsOf,
  pathLength,
  type Ring,
  ringArea,
} from './geometry.ts'
import { position, ring } from './testing.ts'

const square = boxRing({ x0: 0, y0: 0, x1: 10, y1: 10 })
const hole = boxRing({ x0: 2, y0: 2, x1: 4, y1: 5 })

describe('sizes', () => {
  it('takes holes off an area and measures its outer border', () => {
    const part = { type: 'area', rings: [square, hole] } as const
    expect(partArea(part)).toBe(94)
    expect(partLength(part)).toBe(40)
    expect(partArea({ type: 'line', path: square })).toBe(0)
    expect(partLength({ type: 'point', at: [1, 1] })).toBe(0)
  })

  it('knows that area does not depend on place, direction or start', () => {
    fc.assert(
      fc.property(ring, fc.integer({ min: -1000, max: 1000 }), fc.nat(50), (one, shift, start) => {
        const moved = one.map(([x, y]): Position => [x + shift, y - shift])
        const open = one.slice(0, -1)
        const at = start % open.length
        const turned = closed([...open.slice(at), ...open.slice(0, at)].reverse())
        expect(ringArea(moved)).toBeCloseTo(ringArea(one), 3)
        expect(ringArea(turned)).toBeCloseTo(ringArea(one), 3)
        expect(pathLength(turned)).toBeCloseTo(pathLength(one), 6)
      }),
    )
  })

  it('draws ellipses that fill their box exactly', () => {
    const box = { x0: 0.1, y0: 7.3, x1: 100.7, y1: 50.9 }
    const drawn = ellipseRing(box)
    expect(boxOfPositions(drawn)).toEqual(box)
    expect(drawn[0]).toEqual(drawn.at(-1))
    const { area, length } = ellipseSize(box)
    expect(ringArea(drawn) / area).toBeCloseTo(1, 2)
    expect(pathLength(drawn) / length).toBeCloseTo(1, 2)
    expect(ellipseSize({ x0: 0, y0: 0, x1: 2, y1: 2 }).length).toBeCloseTo(2 * Math.PI, 12)
  })
})

describe('shapes', () => {
  it('knows boxes from other rings', () => {
    expect(isBoxRing(square)).toBe(true)
    expect(isBoxRing([...square].reverse())).toBe(true)
    const bow: Ring = [square[0]!, square[2]!, square[1]!, square[3]!, square[0]!]
    expect(isBoxRing(bow)).toBe(false)
    const leaning: Ring = [[0, 0], [10, 1], [9, 10], [0, 9], [0, 0]] // biome-ignore format: one line reads better
    expect(isBoxRing(leaning)).toBe(false)
    expect(isBoxRing(boxRing({ x0: 1, y0: 1, x1: 1, y1: 4 }))).toBe(false)
  })

  it('closes open rings only', () => {
    expect(closed(square)).toBe(square)
    expect(closed(square.slice(0, 4))).toEqual(square)
  })

  it('takes nested geometries apart', () => {
    const parts = partsOf({
      type: 'GeometryCollection',
      geometries: [
        { type: 'MultiPolygon', coordinates: [[square, hole], [hole]] },
        { type: 'MultiPoint', coordinates: [[1, 2]] },
      ],
    })
    expect(parts.map(part => part.type)).toEqual(['area', 'area', 'point'])
  })

  it('boxes every position', () => {
    fc.assert(
      fc.property(fc.array(position, { minLength: 1, maxLength: 30 }), coordinates => {
        const { x0, y0, x1, y1 } = boxOf({ type: 'MultiPoint', coordinates })
        expect(coordinates.every(([x, y]) => x0 <= x && x <= x1 && y0 <= y && y <= y1)).toBe(true)
        expect(coordinates.some(([x]) => x === x0) && coordinates.some(([, y]) => y === y1)).toBe(true)
      }),
    )
  })
})
