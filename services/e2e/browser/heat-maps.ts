/** A heat map over a slide: only where it has values, in the colours that somebody picks. */
import type { OverlayList } from '@coverslip/proto/api/overlays.ts'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { openViewer } from './drawing.ts'
import { type Pixels, pixelsOf, variety } from './pixels.ts'
import type { World } from './world.ts'

/** Of the slide's quarters one has no value. */
const VALUES = [
  [0, null],
  [0.25, 1],
]
const VIRIDIS_END = [0xfd, 0xe7, 0x25]
const MAGMA_END = [0xfc, 0xfd, 0xbf]
const BARE = '.bar, .scale-bar, .minimap, .tool-hint { visibility: hidden }'

export function heatMapsSuite(world: () => World, slideId: () => string): void {
  describe('heat maps', () => {
    let page: Page
    beforeAll(async () => {
      const { client } = world()
      await client.json(`/api/slides/${slideId()}/overlays?name=Tumour`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(VALUES),
      })
      page = await world().visitor('viewer')
    })

    /** The middle of the screen, with a place of the slide in it. */
    async function look(x: number, y: number): Promise<() => Promise<Pixels>> {
      await openViewer(page, slideId(), `?x=${x}&y=${y}&zoom=0`)
      await page.addStyleTag({ content: BARE })
      const box = (await page.locator('.canvas').boundingBox())!
      const clip = { x: box.x + box.width / 2 - 50, y: box.y + box.height / 2 - 50, width: 100, height: 100 }
      return () => pixelsOf(page, clip)
    }
    const show = () => page.getByRole('button', { name: 'Show heat map Tumour' }).click()
    const first = ({ data }: Pixels) => [...data.subarray(0, 3)]

    test('lie over the slide in the colours that are picked, and go again', async () => {
      const seen = await look(2250, 1650)
      const before = await seen()
      await show()
      await page.getByRole('slider', { name: 'Opacity' }).last().fill('1')
      await expect.poll(async () => first(await seen())).toEqual(VIRIDIS_END)
      await expect.poll(async () => variety(await seen())).toBe(1)
      await world().picture(page, 'heat-map')
      await page.getByRole('combobox', { name: 'Colours' }).selectOption('magma')
      await expect.poll(async () => first(await seen())).toEqual(MAGMA_END)
      await page.getByRole('button', { name: 'Hide heat map Tumour' }).click()
      await expect.poll(async () => (await seen()).data.equals(before.data)).toBe(true)
    })

    test('leave the slide as it is where there is no value', async () => {
      const seen = await look(2250, 550)
      const before = await seen()
      const tile = page.waitForResponse(response => response.url().includes('/overlays/') && response.ok())
      await show()
      await tile
      await page.waitForTimeout(500)
      expect((await seen()).data.equals(before.data)).toBe(true)
      await expect.poll(() => page.getByRole('button', { name: 'New heat map' }).count()).toBe(0)
      await page.context().close()
    })

    test('are laid from a file, and deleted, by who may draw', async () => {
      page = await world().visitor('annotator', {}, 'default')
      const seen = await look(2250, 1650)
      const before = await seen()
      await page.getByRole('button', { name: 'New heat map' }).click()
      await page.getByRole('textbox', { name: 'What the heat map shows' }).fill('Necrosis')
      const values = (text: string) => ({ name: 'v.json', mimeType: 'application/json', buffer: Buffer.from(text) })
      const picker = page.getByLabel('File with the values of a heat map')
      await picker.setInputFiles(values('[[0, 0], [0, 7]]'))
      await page.getByRole('button', { name: 'Hide heat map Necrosis' }).waitFor()
      await expect.poll(async () => (await seen()).data.equals(before.data)).toBe(false)
      await world().picture(page, 'heat-map-laid')
      await page.getByRole('button', { name: 'Delete heat map Necrosis' }).click()
      await page.getByRole('button', { name: 'Delete', exact: true }).click()
      await expect.poll(async () => (await seen()).data.equals(before.data)).toBe(true)
      const { overlays } = await world().client.json<OverlayList>(`/api/slides/${slideId()}/overlays`)
      expect(overlays.map(({ name }) => name)).toEqual(['Tumour'])
      await page.context().close()
    })
  })
}
