import { describe, expect, it } from 'vitest'
import { regionOfTile, regionUrl } from './region-tiles.ts'

const slide = { width: 5000, height: 3000 }

describe('the rectangle of a tile', () => {
  it('covers 512 screen pixels', () => {
    expect(regionOfTile(slide, 4, 1, 0)).toEqual({ x: 2048, y: 0, width: 2048, height: 2048, size: 512 })
  })

  it('ends with the slide', () => {
    expect(regionOfTile(slide, 4, 2, 1)).toEqual({ x: 4096, y: 2048, width: 904, height: 952, size: 238 })
  })

  it('leaves no gap between neighbours', () => {
    for (const resolution of [1, 2, 4, 8]) {
      for (let column = 0; ; column++) {
        const tile = regionOfTile(slide, resolution, column, 0)
        if (tile.x + tile.width >= slide.width) break
        expect(regionOfTile(slide, resolution, column + 1, 0).x).toBe(tile.x + tile.width)
      }
    }
  })
})

it('the address names the revision', () => {
  expect(regionUrl('7b0c', 2, { x: 1, y: 2, width: 3, height: 4, size: 16 })).toBe(
    '/api/reviews/7b0c/region?x=1&y=2&width=3&height=4&size=16&revision=2',
  )
})
