import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dzi, levelSize, placeTile, topLevel } from './levels.ts'

test('the top level is the slide, level 0 one pixel', () => {
  expect(topLevel({ width: 20_000, height: 15_000 })).toBe(15)
  expect(levelSize({ width: 20_000, height: 15_000 }, 15)).toEqual({ width: 20_000, height: 15_000 })
  expect(levelSize({ width: 20_000, height: 15_000 }, 0)).toEqual({ width: 1, height: 1 })
  expect(topLevel({ width: 1, height: 1 })).toBe(0)
})

test('levels halve, rounded up', () => {
  expect(levelSize({ width: 2220, height: 2967 }, 11)).toEqual({ width: 1110, height: 1484 })
})

test('tiles at the right and lower edge are clipped', () => {
  const slide = { width: 300, height: 250 }
  expect(placeTile(slide, 256, 9, 1, 0)).toEqual({ halvings: 0, column: 1, row: 0, width: 44, height: 250 })
  expect(placeTile(slide, 256, 9, 2, 0)).toBeUndefined()
  expect(placeTile(slide, 256, 10, 0, 0)).toBeUndefined()
  expect(placeTile(slide, 256, 9, -1, 0)).toBeUndefined()
  expect(placeTile(slide, 256, 9, 0.5, 0)).toBeUndefined()
})

test('the tiles of a level cover it exactly', () => {
  const side = fc.integer({ min: 1, max: 100_000 })
  fc.assert(
    fc.property(side, side, fc.nat({ max: 17 }), (width, height, down) => {
      const slide = { width, height }
      const level = Math.max(0, topLevel(slide) - down)
      const size = levelSize(slide, level)
      const columns = Math.ceil(size.width / 256)
      const last = placeTile(slide, 256, level, columns - 1, Math.ceil(size.height / 256) - 1)!
      expect((columns - 1) * 256 + last.width).toBe(size.width)
      expect(last.row * 256 + last.height).toBe(size.height)
      expect(placeTile(slide, 256, level, columns, 0)).toBeUndefined()
    }),
  )
})

test('the description says size, tile size and format', () => {
  const document = dzi({ width: 300, height: 250 }, 256, 'http://host/tiles/"1_files/')
  expect(document).toContain('TileSize="256"><Size Width="300" Height="250"/>')
  expect(document).toContain('Url="http://host/tiles/&#34;1_files/"')
})
