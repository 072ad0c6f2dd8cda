import { PALETTE_NAMES, stopsOf } from '@coverslip/proto/api/palettes.ts'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { placeTile } from '../deepzoom/levels.ts'
import { alphasOf, coloursOf, entriesOf } from './colour.ts'
import { paintTile, type Rectangle } from './paint.ts'
import { codeEntries, withColours } from './png.ts'
import { halvings, packSteps, type Steps, toSteps, unpackSteps, valueAt } from './steps.ts'

const gridOf = (rows: number[][]) => ({
  columns: rows[0]!.length,
  rows: rows.length,
  values: new Float32Array(rows.flat()),
})

test('values come back from their steps, and holes as holes', async () => {
  const given = [-3, Number.NaN, 0.25, 1000]
  const { steps, ...range } = toSteps(gridOf([given]))
  expect(range).toMatchObject({ low: -3, high: 1000, columns: 4, rows: 1 })
  const kept = await unpackSteps(await packSteps(steps))
  for (const [i, value] of given.entries()) {
    if (Number.isNaN(value)) expect(kept[i]).toBe(0)
    else expect(Math.abs(valueAt(kept[i]!, range) - value)).toBeLessThan(1003 / 65_534)
  }
})

test('from further away: means of what has a value', () => {
  const { steps } = toSteps(gridOf([[0]]))
  expect([...steps]).toEqual([1])
  const full: Steps = { columns: 3, rows: 3, steps: new Uint16Array([10, 20, 7, 30, 0, 9, 0, 0, 0]) }
  const [, half, last, ...none] = halvings(full)
  expect([half!.columns, half!.rows, [...half!.steps]]).toEqual([2, 2, [20, 8, 0, 0]])
  expect([last!.columns, last!.rows, [...last!.steps], none]).toEqual([1, 1, [14], []])
})

test('colours run from min to max; below nothing is shown, above the last colour', () => {
  const range = { low: 0, high: 65_534 }
  const whole = entriesOf(range, { min: 0, max: 65_534 })
  expect([whole[0], whole[1], whole[32_768], whole[65_535]]).toEqual([0, 1, 128, 255])
  const part = entriesOf(range, { min: 1000, max: 2000 })
  expect([part[900], part[1001], part[1501], part[2001], part[65_535]]).toEqual([0, 1, 128, 255, 255])
  const flat = entriesOf({ low: 5, high: 5 }, { min: 5, max: 5 })
  expect([flat[0], flat[1]]).toEqual([0, 1])
  const above = entriesOf(range, { min: 7, max: 7 })
  expect([above[7], above[8], above[9]]).toEqual([0, 1, 255])
})

test.each(PALETTE_NAMES)('%s begins with its first stop and ends with its last', palette => {
  const colours = coloursOf(palette)
  const stops = stopsOf(palette)
  expect(stops).toHaveLength(16)
  const at = (entry: number) => `#${colours.subarray(3 * entry, 3 * entry + 3).toString('hex')}`
  expect([at(1), at(255)]).toEqual([stops[0], stops.at(-1)])
})

const entries = new Uint8Array(2 ** 16).map((_, step) => step)
/** What a tile of a slide of 1000 x 600 px shows at some of its pixels. */
function look(grid: Steps, rectangle: Rectangle, [level, x, y]: [number, number, number], pixels: [number, number][]) {
  const place = placeTile({ width: 1000, height: 600 }, 256, 10 - level, x, y)!
  const painted = paintTile(halvings(grid), rectangle, { place, tileSize: 256 }, entries)
  expect(painted).toHaveLength(place.width * place.height)
  return pixels.map(([i, j]) => painted[j * place.width + i])
}

const grid: Steps = { columns: 4, rows: 2, steps: new Uint16Array([1, 2, 3, 4, 5, 6, 0, 8]) }
const rectangle = { x: 100, y: 50, width: 400, height: 200 }

test('every pixel shows the cell under its middle', () => {
  const corners: [number, number][] = [
    [99, 100],
    [100, 49],
    [100, 50],
    [199, 149],
    [200, 149],
    [199, 150],
    [255, 255],
  ]
  expect(look(grid, rectangle, [0, 0, 0], corners)).toEqual([0, 0, 1, 1, 2, 5, 0])
  // The next tile goes on where this one ends.
  expect(
    look(
      grid,
      rectangle,
      [0, 1, 0],
      [
        [43, 60],
        [44, 60],
        [243, 60],
        [244, 60],
        [143, 160],
      ],
    ),
  ).toEqual([2, 3, 4, 0, 0])
  expect(
    look(
      grid,
      rectangle,
      [1, 0, 0],
      [
        [49, 30],
        [50, 25],
        [99, 74],
        [100, 75],
        [249, 124],
        [250, 124],
      ],
    ),
  ).toEqual([0, 1, 1, 6, 8, 0])
})

test('where several cells lie under a pixel it shows their mean', () => {
  // Pixels of 256, cells of 100: halved once, to cells of 200.
  expect(
    look(
      grid,
      rectangle,
      [8, 0, 0],
      [
        [0, 0],
        [1, 0],
      ],
    ),
  ).toEqual([4, 5])
  const fine = { columns: 100, rows: 60, steps: new Uint16Array(6000).map((_, i) => (i % 2 ? 20 : 10)) }
  expect(
    look(
      fine,
      { x: 0, y: 0, width: 1000, height: 600 },
      [6, 0, 0],
      [
        [3, 3],
        [10, 7],
      ],
    ),
  ).toEqual([15, 15])
})

test('the last column and row of tiles are as small as what is left of the slide', () => {
  const whole = { x: 0, y: 0, width: 1000, height: 600 }
  expect(
    look(
      grid,
      whole,
      [0, 3, 2],
      [
        [0, 0],
        [231, 87],
      ],
    ),
  ).toEqual([8, 8])
})

test('the picture is a PNG that others read, transparent where nothing is shown', async () => {
  const coded = await codeEntries(new Uint8Array([0, 1, 255, 128, 0, 1]), 3, 2)
  const png = withColours(coded, coloursOf('grey'), alphasOf(0.5))
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  expect([info.width, info.height, info.channels]).toEqual([3, 2, 4])
  const pixels = Array.from({ length: 6 }, (_, i) => [...data.subarray(4 * i, 4 * i + 4)])
  expect(pixels).toEqual([
    [0, 0, 0, 0],
    [0, 0, 0, 128],
    [255, 255, 255, 128],
    [128, 128, 128, 128],
    [0, 0, 0, 0],
    [0, 0, 0, 128],
  ])
})
