import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exactDownsample, planRegion } from './plan.ts'

const levelsOf = (width: number, height: number, downsamples: number[], round = Math.ceil) =>
  downsamples.map(factor => {
    const size = { width: round(width / factor), height: round(height / factor) }
    return { ...size, columns: 1, rows: 1, downsample: width / size.width }
  })

const pyramid = {
  width: 20_001,
  height: 15_000,
  tileSize: 256,
  passThrough: true,
  levels: levelsOf(20_001, 15_000, [1, 2, 4, 8]),
}
/** As Aperio's: four times smaller each, rounded down, tiles of 240 px. */
const aperio = {
  width: 46_001,
  height: 32_915,
  tileSize: 240,
  passThrough: true,
  levels: levelsOf(46_001, 32_915, [1, 4, 16], Math.floor),
}

const square = (x: number, y: number, side: number) => ({ x, y, width: side, height: side })
const sides = (side: number) => ({ width: side, height: side })

test('a picture in a level’s own scale takes the level’s pixels as they are', () => {
  expect(planRegion(pyramid, square(512, 1024, 512), sides(512))).toEqual({
    level: 0,
    reduction: 1,
    crop: square(512, 1024, 512),
  })
  expect(planRegion(pyramid, square(512, 1024, 2048), sides(512))).toEqual({
    level: 2,
    reduction: 1,
    crop: square(128, 256, 512),
  })
})

test('between two levels it takes the larger one, so that nothing is enlarged', () => {
  expect(planRegion(pyramid, square(0, 0, 1500), sides(512)).level).toBe(1)
})

test('where the next level is far, the tiles are decoded to fewer pixels', () => {
  expect(planRegion(aperio, square(480, 960, 480), sides(240))).toEqual({
    level: 0,
    reduction: 2,
    crop: square(240, 480, 240),
  })
  expect(planRegion(aperio, square(0, 0, 3840), sides(480))).toEqual({
    level: 1,
    reduction: 2,
    crop: square(0, 0, 480),
  })
  expect(planRegion({ ...aperio, passThrough: false }, square(480, 960, 480), sides(240)).reduction).toBe(1)
})

test('a scanner’s rounding of a level’s sides moves nothing', () => {
  const [, second] = aperio.levels
  expect(second!.downsample).not.toBe(4)
  expect(exactDownsample(aperio, second!)).toBe(4)
  expect(exactDownsample(aperio, { width: 15_000, downsample: 46_001 / 15_000 })).toBeCloseTo(3.0667, 3)
})

test('what is cut out is inside the level, never empty, and has at least the pixels that are wanted', () => {
  const rendition = fc.constantFrom(pyramid, aperio)
  fc.assert(
    fc.property(
      rendition,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.nat(30_000),
      fc.integer({ min: 1, max: 600 }),
      (slide, at, extent, side) => {
        const x = Math.floor(at * slide.width)
        const y = Math.floor(at * slide.height)
        const region = {
          x,
          y,
          width: Math.min(extent + 1, slide.width - x),
          height: Math.min(extent + 1, slide.height - y),
        }
        const size = { width: Math.min(side, region.width), height: Math.min(side, region.height) }
        const { level, reduction, crop } = planRegion(slide, region, size)
        const stored = slide.levels[level]!
        expect(crop.x + crop.width).toBeLessThanOrEqual(Math.ceil(stored.width / reduction))
        expect(crop.y + crop.height).toBeLessThanOrEqual(Math.ceil(stored.height / reduction))
        expect(crop.width).toBeGreaterThanOrEqual(Math.max(1, Math.floor(size.width * 0.99) - 1))
        expect(crop.height).toBeGreaterThanOrEqual(Math.max(1, Math.floor(size.height * 0.99) - 1))
      },
    ),
  )
})
