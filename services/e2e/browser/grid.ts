/** A drawn grid shows whether each pixel of the slide is where its coordinates say, also in the clipped last tiles. */
import { randomUUID } from 'node:crypto'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { openViewer } from './drawing.ts'
import { type Box, centres, darkness, type Measure, magenta, pixelsOf, profile } from './pixels.ts'
import { viewable, type World } from './world.ts'

/** No multiples of 256: the last column of tiles is 155 px wide, the last row as high. */
const [WIDTH, HEIGHT] = [2203, 1691]
const [STEP, LINE] = [64, 2]

/** Level-0 columns (or rows) that are dark: two every 64, and the last two. */
const isLine = (at: number, size: number): boolean => at % STEP < LINE || at >= size - LINE

/** The centres of the lines of level 0. */
const linesOf = (size: number): number[] => [
  ...Array.from({ length: Math.ceil(size / STEP) }, (_, i) => i * STEP + LINE / 2),
  size - LINE / 2,
]

async function gridSlide(): Promise<Buffer> {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3, 245)
  for (let y = 0; y < HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      if (isLine(x, WIDTH) || isLine(y, HEIGHT)) pixels.fill(10, 3 * (y * WIDTH + x), 3 * (y * WIDTH + x + 1))
    }
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .tiff({ tile: true, pyramid: true, tileWidth: 256, tileHeight: 256, compression: 'jpeg', quality: 95 })
    .toBuffer()
}

/** A polygon whose sides run on grid lines of the last column and row of tiles. */
const ON_LINES: Box = { x: 2049, y: 1537, width: 128, height: 64 }

function polygonOnLines() {
  const { x, y, width, height } = ON_LINES
  const ring = [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
    [x, y],
  ]
  return {
    type: 'Feature',
    id: randomUUID(),
    geometry: { type: 'Polygon', coordinates: [ring] },
    properties: { objectType: 'annotation', classification: { name: 'Grid', color: [255, 0, 255] } },
  }
}

/** Nothing but the slide and what is drawn on it; white around it, so that the frame of the grid can be told from it. */
const BARE = '.bar, .scale-bar, .minimap, .tool-hint { visibility: hidden } .stage { background: #fff }'

interface View {
  page: Page
  /** Screen pixels per level-0 pixel. */
  scale: number
  /** The part of the screen that shows a box of level 0. */
  screenOf(box: Box): Box
  /** Screen place to level-0 place, along an axis. */
  toSlide(axis: 'x' | 'y', screen: number): number
}

async function openCorner(page: Page, slideId: string, zoom: number): Promise<View> {
  const scale = 2 ** zoom
  // The slide's lower right corner on the screen; even, so that pixels of the slide and the screen share their corners.
  const away = zoom > 0 ? 61 : 201
  const centre = { x: WIDTH - away, y: HEIGHT - away }
  await openViewer(page, slideId, `?x=${centre.x}&y=${centre.y}&zoom=${zoom}`)
  await page.addStyleTag({ content: BARE })
  const box = (await page.locator('.canvas').boundingBox())!
  // The middle of the screen is then the corner of a screen pixel, as the given centre is of a slide's pixel.
  expect([box.width % 2, box.height % 2]).toEqual([0, 0])
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const toScreen = (axis: 'x' | 'y', at: number) => middle[axis] + (at - centre[axis]) * scale
  return {
    page,
    scale,
    toSlide: (axis, screen) => centre[axis] + (screen - middle[axis]) / scale,
    screenOf: ({ x, y, width, height }) => ({
      x: Math.round(toScreen('x', x)),
      y: Math.round(toScreen('y', y)),
      width: Math.round(width * scale),
      height: Math.round(height * scale),
    }),
  }
}

/** Where lines are in a part of the slide, in level-0 coordinates as the screen shows them. */
async function linesSeen(
  view: View,
  part: Box,
  along: 'x' | 'y',
  measure: Measure,
  threshold: number,
): Promise<number[]> {
  const clip = view.screenOf(part)
  const pixels = await pixelsOf(view.page, clip)
  return centres(profile(pixels, along, measure), threshold).map(at => view.toSlide(along, clip[along] + at))
}

const within = (lines: number[], from: number, to: number) => lines.filter(at => at > from && at < to)

function expectSame(seen: number[], expected: number[], tolerance: number): void {
  expect(seen.map(at => Math.round(at))).toHaveLength(expected.length)
  const off = seen.map((at, i) => Math.abs(at - expected[i]!))
  expect(Math.max(...off), `${seen} beside ${expected}`).toBeLessThanOrEqual(tolerance)
}

export function gridSuite(world: () => World): void {
  describe('a drawn grid', () => {
    let page: Page
    let id: string
    beforeAll(async () => {
      const { client } = world()
      id = await viewable(world(), 'grid.tiff', await gridSlide())
      await client.json(`/api/slides/${id}/annotations`, {
        method: 'POST',
        headers: { 'content-type': 'application/geo+json' },
        body: JSON.stringify(polygonOnLines()),
      })
      page = await world().visitor('annotator')
    })

    // At 1:1, at half of it (another level), and magnified four times.
    test.each([0, -1, 2])('lies where its coordinates say in the last column and row, at zoom %d', async zoom => {
      const view = await openCorner(page, id, zoom)
      await page.getByRole('button', { name: 'Hide all annotations' }).click()
      await page.waitForTimeout(300)
      await world().picture(page, `grid-zoom-${zoom}`)
      // From the tiles before the last ones over the seam to some pixels beyond the end of the slide.
      const reach = zoom > 0 ? 80 : 190
      const [x0, y0] = [WIDTH - reach, HEIGHT - reach]
      const length = reach + 8
      // A strip between two lines of the other direction, within the last row (column) of tiles.
      const vertical = await linesSeen(view, { x: x0, y: 1610, width: length, height: 40 }, 'x', darkness, 60)
      expectSame(vertical, within(linesOf(WIDTH), x0, WIDTH), 1 / Math.min(1, view.scale))
      const horizontal = await linesSeen(view, { x: 2120, y: y0, width: 40, height: length }, 'y', darkness, 60)
      expectSame(horizontal, within(linesOf(HEIGHT), y0, HEIGHT), 1 / Math.min(1, view.scale))
    })

    test('carries a polygon that was put on its lines', async () => {
      const view = await openCorner(page, id, 0)
      await world().picture(page, 'grid-polygon')
      const { x, y, width, height } = ON_LINES
      const across = await linesSeen(view, { x: x - 20, y: y + 20, width: width + 40, height: 30 }, 'x', magenta, 120)
      expectSame(across, [x, x + width], 1)
      const down = await linesSeen(view, { x: x + 20, y: y - 20, width: 30, height: height + 40 }, 'y', magenta, 120)
      expectSame(down, [y, y + height], 1)
      await page.context().close()
    })
  })
}
