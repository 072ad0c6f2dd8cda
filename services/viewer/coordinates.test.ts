import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { positions } from './annotations/geometry.ts'
import type { Geometry } from './annotations/model.ts'
import { deepZoomLevel, flipPoint, slideExtent, toSlide, toView } from './coordinates.ts'

const polygon: Geometry = {
  type: 'Polygon',
  coordinates: [
    [
      [0, 0],
      [10.5, 0],
      [10.5, 20.25],
      [0, 0],
    ],
  ],
}

describe('coordinates', () => {
  it('turns y over at every depth', () => {
    expect(toView(polygon)).toEqual({
      type: 'Polygon',
      coordinates: [
        [
          [0, 0],
          [10.5, 0],
          [10.5, -20.25],
          [0, 0],
        ],
      ],
    })
    const point: Geometry = { type: 'Point', coordinates: [3, 4] }
    const turned: Geometry = { type: 'Point', coordinates: [3, -4] }
    expect(toView({ type: 'GeometryCollection', geometries: [point] })).toEqual({
      type: 'GeometryCollection',
      geometries: [turned],
    })
  })

  it('is its own inverse and keeps other members', () => {
    const ellipse: Geometry = { ...polygon, isEllipse: true }
    expect(toSlide(toView(ellipse))).toEqual(ellipse)
  })

  it('comes back within half a hundredth of a pixel', () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(number, number, (x, y) => {
        const [back] = [...positions(toSlide(toView({ type: 'Point', coordinates: [x, y] })))]
        expect(Math.abs(back![0] - x)).toBeLessThanOrEqual(0.00501)
        expect(Math.abs(back![1] - y)).toBeLessThanOrEqual(0.00501)
      }),
    )
  })

  it('makes no negative zero', () => {
    expect(Object.is(flipPoint([0, 0])[1], 0)).toBe(true)
  })

  it('places the slide below the x axis', () => {
    expect(slideExtent(300, 200)).toEqual([0, -200, 300, 0])
  })
})

describe('deepZoomLevel', () => {
  it('is z + 8 for every slide of more than half a tile', () => {
    for (const [width, height] of [
      [129, 1],
      [256, 256],
      [257, 100],
      [20_000, 15_000],
      [1, 65_536],
      [65_537, 3],
    ] as const) {
      expect(deepZoomLevel(width, height, 0)).toBe(8)
      expect(deepZoomLevel(width, height, 3)).toBe(11)
    }
  })

  it('is the full level for smaller ones', () => {
    expect(deepZoomLevel(100, 80, 0)).toBe(7)
    expect(deepZoomLevel(1, 1, 0)).toBe(0)
  })
})
