import { expect, test } from 'vitest'
import { placeTile } from './levels.ts'
import { isRendered, storedLevel, tilePicture } from './rendered-tile.ts'

function rendition(
  width: number,
  height: number,
  downsamples: number[],
  round: (value: number) => number,
  tileSize: number,
) {
  const levels = downsamples.map(factor => {
    const size = { width: round(width / factor), height: round(height / factor) }
    const tiles = { columns: Math.ceil(size.width / tileSize), rows: Math.ceil(size.height / tileSize) }
    return { ...size, ...tiles, downsample: width / size.width }
  })
  return { width, height, tileSize, levels, passThrough: true }
}

const pyramid = rendition(2001, 1500, [1, 2, 4, 8], Math.ceil, 256)
const aperio = rendition(46_001, 32_914, [1, 4, 16], Math.floor, 240)
const place = (slide: typeof pyramid, level: number, x: number, y: number) =>
  placeTile(slide, slide.tileSize, level, x, y)!

test('a pyramid of ours has every level, and what is below them is made by halving', () => {
  expect([0, 1, 2, 3, 4].map(halvings => storedLevel(pyramid, halvings))).toEqual([0, 1, 2, 3, undefined])
  for (const [level, x, y] of [
    [11, 7, 5],
    [8, 0, 0],
    [5, 0, 0],
    [0, 0, 0],
  ] as const)
    expect(isRendered(pyramid, place(pyramid, level, x, y))).toBe(false)
})

test('a scanner’s file has some levels: what is between them is rendered', () => {
  expect([0, 1, 2, 3, 4, 5].map(halvings => storedLevel(aperio, halvings))).toEqual([
    0,
    undefined,
    1,
    undefined,
    2,
    undefined,
  ])
  expect(isRendered(aperio, place(aperio, 16, 3, 3))).toBe(false)
  expect(isRendered(aperio, place(aperio, 15, 3, 3))).toBe(true)
  expect(isRendered(aperio, place(aperio, 14, 3, 3))).toBe(false)
  expect(isRendered(aperio, place(aperio, 3, 0, 0))).toBe(true)
})

test('where a level ends a rounded pixel before Deep Zoom’s, its last tiles are rendered', () => {
  // Deep Zoom rounds up, 11,501 x 8,229; the scanner has 11,500 x 8,228.
  expect(isRendered(aperio, place(aperio, 14, 47, 3))).toBe(true)
  expect(isRendered(aperio, place(aperio, 14, 46, 3))).toBe(false)
})

test('what is not JPEG is rendered', () => {
  expect(isRendered({ ...aperio, passThrough: false }, place(aperio, 16, 3, 3))).toBe(true)
})

test('a rendered tile is a picture of its pixels, cut at the slide’s edge', () => {
  expect(tilePicture(aperio, place(aperio, 15, 3, 2))).toMatchObject({
    region: { x: 1440, y: 960, width: 480, height: 480 },
    size: { width: 240, height: 240 },
  })
  expect(tilePicture(aperio, place(aperio, 15, 95, 0))).toMatchObject({
    region: { x: 45_600, y: 0, width: 401, height: 480 },
    size: { width: 201, height: 240 },
  })
})
