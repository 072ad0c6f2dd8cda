import { describe, expect, it } from 'vitest'
import { areaOf, boxBetween, boxOf, ellipse, isBox, lengthOf, movedBy, positions, rectangle } from './geometry.ts'
import type { Geometry } from './model.ts'

const withHole = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 10],
      [0, 0],
    ],
    [
      [2, 2],
      [4, 2],
      [4, 4],
      [2, 4],
      [2, 2],
    ],
  ],
} satisfies Geometry

describe('geometry', () => {
  it('measures areas with holes taken off', () => {
    expect(areaOf(withHole)).toBe(96)
    expect(
      areaOf({
        type: 'MultiPolygon',
        coordinates: [withHole.coordinates, withHole.coordinates] as [number, number][][][],
      }),
    ).toBe(192)
    expect(areaOf({ type: 'Point', coordinates: [1, 1] })).toBe(0)
  })

  it('measures lengths, also with pixels that are not square', () => {
    const line: Geometry = { type: 'LineString', coordinates: [[0, 0], [3, 4]] } // biome-ignore format: one line reads better
    expect(lengthOf(line)).toBe(5)
    expect(lengthOf(line, [2, 1])).toBeCloseTo(Math.hypot(6, 4))
    expect(lengthOf(withHole)).toBe(48)
  })

  it('draws an ellipse whose box is the box asked for', () => {
    const shape = ellipse([10, 20, 110, 60])
    expect(boxOf(shape).map(value => Math.round(value))).toEqual([10, 20, 110, 60])
    expect(areaOf(shape)).toBeCloseTo(Math.PI * 50 * 20)
    expect(shape.isEllipse).toBe(true)
    const ring = [...positions(shape)]
    expect(ring[0]).toEqual(ring.at(-1))
  })

  it('knows boxes from other quadrangles', () => {
    expect(isBox(rectangle([0, 0, 5, 6]))).toBe(true)
    expect(isBox(withHole)).toBe(false)
    expect(
      isBox({
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [5, 1],
            [5, 6],
            [0, 5],
            [0, 0],
          ],
        ],
      }),
    ).toBe(false)
  })

  it('reaches into collections', () => {
    const collection: Geometry = {
      type: 'GeometryCollection',
      geometries: [withHole, { type: 'Point', coordinates: [50, -3] }],
    }
    expect(boxOf(collection)).toEqual([0, -3, 50, 10])
    expect(areaOf(collection)).toBe(96)
    expect(boxOf(movedBy(collection, [1, 1]))).toEqual([1, -2, 51, 11])
  })

  it('moves and spans', () => {
    expect(boxOf(movedBy(withHole, [5, -5]))).toEqual([5, -5, 15, 5])
    expect(boxBetween([9, 1], [2, 7])).toEqual([2, 1, 9, 7])
  })
})
