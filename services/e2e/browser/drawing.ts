/** Looking at a slide and drawing on it; a second person looks on. */
import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { pixelsOf, variety } from './pixels.ts'
import type { World } from './world.ts'

interface Feature {
  geometry: { type: string; isEllipse?: boolean }
  properties: { name?: string; classification?: { name: string }; metadata: { kind: string; layer: string } }
}
type At = readonly [number, number]

export async function openViewer(page: Page, slideId: string, place = ''): Promise<void> {
  await page.goto(`/slides/${slideId}${place}`)
  await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
  await page.getByText('Saved', { exact: true }).waitFor()
  await page.waitForLoadState('networkidle')
}

/** Every tool, by a shape of about 100 screen pixels; `at` is the upper left corner. */
const SHAPES: Record<string, (page: Page, at: At) => Promise<void>> = {
  Polygon: async (page, [x, y]) => {
    for (const [dx, dy] of [
      [0, 0],
      [110, 10],
      [120, 90],
      [20, 100],
    ] as const) {
      await page.mouse.click(x + dx, y + dy)
      // Two clicks in short succession are a double click, which ends the polygon.
      await page.waitForTimeout(280)
    }
    await page.keyboard.press('Enter')
  },
  Freehand: (page, [x, y]) =>
    drag(page, [
      [x, y],
      [x + 60, y - 20],
      [x + 110, y + 40],
      [x + 50, y + 90],
      [x + 5, y + 40],
    ]),
  Rectangle: (page, [x, y]) =>
    drag(page, [
      [x, y],
      [x + 120, y + 80],
    ]),
  Ellipse: (page, [x, y]) =>
    drag(page, [
      [x, y],
      [x + 120, y + 80],
    ]),
  Point: (page, [x, y]) => page.mouse.click(x + 60, y + 40),
  Ruler: (page, [x, y]) =>
    drag(page, [
      [x, y + 60],
      [x + 120, y + 20],
    ]),
}
const PLACES: Record<string, At> = {
  Polygon: [110, 130],
  Freehand: [330, 150],
  Rectangle: [560, 130],
  Ellipse: [110, 380],
  Point: [330, 380],
  Ruler: [560, 380],
}

async function drag(page: Page, [first, ...rest]: At[]): Promise<void> {
  await page.mouse.move(...(first as [number, number]))
  await page.mouse.down()
  for (const [x, y] of rest) await page.mouse.move(x, y, { steps: 6 })
  await page.mouse.up()
}

const LISTED = '.annotation-list li'
const listed = (page: Page, text: string): Locator => page.locator(LISTED, { hasText: text })

interface Shown {
  selector: string
  text: string
  shown: boolean
}
/** Runs in the browser. */
interface BrowserSide {
  document: { querySelectorAll(selector: string): Iterable<{ textContent: string }> }
}
const timeWhenSeen = ({ selector, text, shown }: Shown): number => {
  const elements = (globalThis as unknown as BrowserSide).document.querySelectorAll(selector)
  return [...elements].some(element => element.textContent.includes(text)) === shown ? Date.now() : 0
}

/** When a page first shows a text (or no longer does), looked up in each of its frames: locators look twice a second. */
async function shownAt(page: Page, what: Shown): Promise<number> {
  const found = await page.waitForFunction(timeWhenSeen, what, { timeout: 5000, polling: 'raf' })
  return Number(await found.jsonValue())
}

export function drawingSuite(world: () => World, slideId: () => string): void {
  describe('the viewer', () => {
    let page: Page
    let other: Page
    const delays: Record<string, number> = {}
    const stored = async () =>
      (await world().client.json<{ features: Feature[] }>(`/api/slides/${slideId()}/annotations`)).features
    const kinds = async () => (await stored()).map(({ properties }) => properties.metadata.kind).sort()

    /** Somebody does something; how many milliseconds after its end does the other one see it? */
    async function live(what: string, text: string, act: () => Promise<unknown>, shown = true, selector = LISTED) {
      const [seen, done] = await Promise.all([shownAt(other, { selector, text, shown }), act().then(() => Date.now())])
      delays[what] = seen - done
    }

    beforeAll(async () => {
      ;[page, other] = await Promise.all([world().visitor('annotator'), world().visitor('annotator')])
      await Promise.all([openViewer(page, slideId()), openViewer(other, slideId())])
    })

    test('shows tissue, scale bar, magnification and minimap', async () => {
      const middle = { x: 250, y: 150, width: 400, height: 400 }
      expect(variety(await pixelsOf(page, middle))).toBeGreaterThan(500)
      expect(await page.getByRole('img', { name: /^Scale bar: [\d.,]+ [mµ]m$/ }).isVisible()).toBe(true)
      const fitted = Number.parseFloat(await page.locator('.magnification').innerText())
      expect(fitted).toBeGreaterThan(0.5)
      const minimap = page.getByRole('img', { name: /^Minimap/ })
      const box = (await minimap.boundingBox())!
      expect(variety(await pixelsOf(page, box))).toBeGreaterThan(200)
      await page.getByRole('button', { name: 'Zoom in' }).click()
      await expect
        .poll(async () => Number.parseFloat(await page.locator('.magnification').innerText()))
        .toBeGreaterThan(fitted)
      await page.mouse.click(box.x + box.width - 20, box.y + box.height - 20)
      await expect.poll(() => Number(new URL(page.url()).searchParams.get('x'))).toBeGreaterThan(1800)
      await page.keyboard.press('0')
      await world().picture(page, 'viewer')
    })

    test('draws with every tool, and the other one sees each within a second', async () => {
      await page.getByRole('radio', { name: 'Tumour' }).click()
      for (const [tool, draw] of Object.entries(SHAPES)) {
        await page.getByRole('button', { name: tool, exact: true }).click()
        await live(tool, tool, () => draw(page, PLACES[tool]!))
      }
      expect(await kinds()).toEqual(['ellipse', 'freehand', 'point', 'polygon', 'rectangle', 'ruler'])
      expect((await stored()).every(({ properties }) => properties.classification?.name === 'Tumour')).toBe(true)
      await page.getByText('Saved', { exact: true }).waitFor()
      await world().picture(page, 'viewer-drawn')
    })

    test('a reload finds the drawings', async () => {
      await page.reload()
      await openViewer(page, slideId())
      for (const tool of Object.keys(SHAPES)) await listed(page, tool).waitFor()
      expect(await page.locator(LISTED).count()).toBe(6)
    })

    test('name, term and layer of an annotation change for both', async () => {
      await listed(page, 'Rectangle').getByRole('button').click()
      await live('name', 'hot spot', async () => {
        await page.getByLabel('Name', { exact: true }).fill('hot spot')
        await page.keyboard.press('Enter')
      })
      await live('term', 'Stroma', () => page.getByRole('radio', { name: 'Stroma' }).click())
      await page.getByRole('button', { name: 'New layer' }).click()
      await page.getByLabel('Name of a new layer').fill('Second opinion')
      await page.keyboard.press('Enter')
      const choose = () => page.getByRole('combobox', { name: 'Layer' }).selectOption('Second opinion')
      await live('layer', 'Second opinion', choose, true, '.layers li')
      await world().picture(page, 'viewer-selected')
      const changed = (await stored()).find(({ properties }) => properties.name === 'hot spot')
      expect(changed?.properties).toMatchObject({
        classification: { name: 'Stroma' },
        metadata: { kind: 'rectangle', layer: 'Second opinion' },
      })
    })

    test('a moved corner, a deletion and their undoing reach both', async () => {
      await page.keyboard.press('0')
      await page.waitForTimeout(400)
      await page.getByRole('button', { name: 'Select and edit' }).click()
      const [x, y] = PLACES.Polygon!
      await page.mouse.click(x + 60, y + 20)
      const area = page.locator('.measures')
      const before = await area.innerText()
      const theirs = await listed(other, 'Polygon').innerText()
      await drag(page, [
        [x + 120, y + 90],
        [x + 160, y + 150],
      ])
      await expect.poll(() => area.innerText()).not.toBe(before)
      await expect.poll(() => listed(other, 'Polygon').innerText(), { timeout: 1000 }).not.toBe(theirs)
      await live('deletion', 'Polygon', () => page.keyboard.press('Delete'), false)
      await live('undoing', 'Polygon', () => page.keyboard.press('Control+z'))
      await page.keyboard.press('Control+z')
      await expect.poll(() => listed(other, 'Polygon').innerText(), { timeout: 1000 }).toBe(theirs)
      expect((await kinds()).length).toBe(6)
    })

    test('every change was seen within a second', async () => {
      await world().picture(other, 'viewer-other')
      expect(Object.keys(delays)).toHaveLength(11)
      expect(Object.entries(delays).filter(([, delay]) => delay >= 1000)).toEqual([])
      if (process.env.E2E_SHOW) console.log(delays)
      await Promise.all([page.context().close(), other.context().close()])
    })
  })
}
