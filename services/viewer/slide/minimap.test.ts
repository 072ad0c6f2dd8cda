import { describe, expect, it } from 'vitest'
import { minimapSize, screenCorners } from './minimap.ts'

const slide = { width: 1000, height: 500 }
const view = { centre: [500, 250] as [number, number], resolution: 2, rotation: 0, size: [100, 50] as [number, number] }

describe('minimap', () => {
  it('keeps the proportions of the slide', () => {
    expect(minimapSize(slide, 200)).toEqual([200, 100])
    expect(minimapSize({ width: 10, height: 100_000 }, 200)).toEqual([1, 200])
  })
  it('outlines the screen', () => {
    expect(screenCorners(view, slide, 100)).toEqual([
      [40, 20],
      [60, 20],
      [60, 30],
      [40, 30],
    ])
  })
  it('turns the outline against the map', () => {
    const [topLeft] = screenCorners({ ...view, rotation: Math.PI / 2 }, slide, 100)
    expect(topLeft![0]).toBeCloseTo(45)
    expect(topLeft![1]).toBeCloseTo(35)
  })
})
