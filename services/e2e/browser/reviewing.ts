/** The human gate in the browser, by keyboard: many slides, two keys each. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { withJson } from '../client.ts'
import { madeBytes } from '../suites/made.ts'
import { plantedWords, stringsFound } from '../suites/planted.ts'
import { awaitAnswers } from './answers.ts'
import { pixelsOf, variety } from './pixels.ts'
import type { World } from './world.ts'

const PROJECT = 'reviewed'
const SLIDES = 4
/** How long a decision can be taken back, and a moment for it to be sent. */
const SENT_MS = 6500

export function reviewingSuite(world: () => World): void {
  describe('the review page', () => {
    let page: Page
    /** Slide ids by research number. */
    const ids = new Map<string, string>()
    const shown = () => page.locator('.review-panel h2').first().innerText()
    const waiting = () => page.locator('.waiting li')
    const shownId = async () => ids.get(await shown())!
    /** Approves what is shown, once its pictures are. */
    const approve = async () => {
      await page.locator('.decide .primary:not([disabled])').waitFor()
      await page.keyboard.press('a')
    }

    beforeAll(async () => {
      const { client } = world()
      await client.json(`/api/projects/${PROJECT}/gate`, withJson('PUT', { on: true, reason: 'slides of patients' }))
      for (let i = 0; i < SLIDES; i += 1) {
        const bytes = await madeBytes({ width: 1800, height: 1300, seed: 70 + i })
        const id = await client.upload([{ name: `review-${i}.svs`, bytes }], PROJECT)
        const { researchNumber } = await client.until(id, 'review')
        ids.set(researchNumber!, id)
      }
      page = await world().visitor('steward', {}, PROJECT)
    })

    test('is where the list leads to while slides wait; where the gate is off a banner says so', async () => {
      await page.goto('/')
      const link = page.getByRole('link', { name: `${SLIDES} slides wait for review` })
      await link.waitFor()
      expect(await page.locator('.open-gate').count()).toBe(0)
      await world().picture(page, 'list-waiting-for-review')
      const other = await world().visitor('annotator')
      await other.goto('/')
      await other.getByText('Slides of the project “default” are released without a person looking').waitFor()
      await world().picture(other, 'list-gate-off')
      await other.context().close()
      await link.click()
      await page.getByRole('heading', { name: 'Review' }).waitFor()
    })

    test('shows before and after, and the tissue at any magnification', async () => {
      await expect.poll(() => waiting().count()).toBe(SLIDES)
      const pictures = page.locator('.before-after img')
      await expect.poll(() => pictures.count()).toBeGreaterThanOrEqual(3)
      await page.waitForLoadState('networkidle')
      for (const picture of await pictures.all()) {
        const width = await picture.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth)
        expect(width).toBeGreaterThan(20)
      }
      const middle = { x: 200, y: 200, width: 300, height: 300 }
      await expect.poll(async () => variety(await pixelsOf(page, middle))).toBeGreaterThan(300)
      await world().picture(page, 'review')
      await page.keyboard.press('6')
      await page.waitForLoadState('networkidle')
      await expect.poll(async () => variety(await pixelsOf(page, middle))).toBeGreaterThan(300)
      await world().picture(page, 'review-close')
      await page.keyboard.press('0')
      expect(stringsFound(Buffer.from(await page.content()), plantedWords)).toEqual([])
    })

    test('n and p go from slide to slide', async () => {
      const first = await shown()
      await page.keyboard.press('n')
      await expect.poll(shown).not.toBe(first)
      await page.keyboard.press('p')
      await expect.poll(shown).toBe(first)
    })

    test('a approves, z takes it back in time', async () => {
      const number = await shown()
      await approve()
      await expect.poll(shown).not.toBe(number)
      await expect.poll(() => waiting().count()).toBe(SLIDES - 1)
      await world().picture(page, 'review-approved')
      await page.keyboard.press('z')
      await expect.poll(() => waiting().count()).toBe(SLIDES)
      await page.waitForTimeout(SENT_MS)
      const { state } = await world().client.json<{ state: string }>(`/api/intake/slides/${ids.get(number)}`)
      expect(state).toBe('review')
    })

    test('what is approved is released', async () => {
      const id = await shownId()
      await approve()
      await world().client.until(id, 'ready')
      await expect.poll(() => waiting().count()).toBe(SLIDES - 1)
    })

    test('x and a digit reject', async () => {
      const id = await shownId()
      await page.keyboard.press('x')
      await page.getByRole('dialog').waitFor()
      // Keys of the page do nothing behind the dialog.
      await page.keyboard.press('a')
      expect(await shownId()).toBe(id)
      await page.keyboard.press('2')
      await world().picture(page, 'review-reject')
      await page.keyboard.press('Enter')
      await world().client.until(id, 'rejected')
      await expect.poll(() => waiting().count()).toBe(SLIDES - 2)
      const { decision } = await world().client.json<{ decision: { reason: string } }>(`/api/reviews/${id}`)
      expect(decision.reason).toMatch(/sticker/i)
    })

    test('r marks a rectangle, Backspace takes it back, Enter blanks it; the slide comes again and is approved', async () => {
      const id = await shownId()
      await page.keyboard.press('r')
      await drag(page, [450, 290], [560, 380])
      await page.getByRole('button', { name: /Blank 1/ }).waitFor()
      await page.keyboard.press('Backspace')
      await expect.poll(() => page.getByRole('button', { name: /Blank \d/ }).count()).toBe(0)
      await drag(page, [450, 290], [560, 380])
      await page.getByRole('button', { name: /Blank 1/ }).waitFor()
      await world().picture(page, 'review-marked')
      await page.keyboard.press('Enter')
      await expect
        .poll(async () => (await world().client.json<{ revision: number }>(`/api/reviews/${id}`)).revision, {
          timeout: 60_000,
        })
        .toBe(2)
      const button = page.locator('.waiting button:not([disabled])', { hasText: numberOf(id) })
      const tiles = awaitAnswers(page, url => url.includes(`/api/reviews/${id}/region?`) && url.includes('revision=2'))
      await button.click({ timeout: 20_000 })
      await page.getByText('revision 2, 1 blanked').waitFor()
      // The pixels are looked at once the tiles of the new revision are there.
      await tiles.come()
      // Below the word that says so.
      const blanked = { x: 470, y: 345, width: 70, height: 25 }
      await expect.poll(async () => Math.min(...(await pixelsOf(page, blanked)).data)).toBeGreaterThan(200)
      await world().picture(page, 'review-blanked')
      // Keys go to the page, not to the button that was clicked.
      await approve()
      await world().client.until(id, 'ready')
    })

    test('the report can be read, and quotes nothing', async () => {
      const id = [...ids.values()].at(0)!
      await page.goto(`/api/slides/${id}/deidentification/page`)
      await world().picture(page, 'report', { fullPage: true })
      const text = await page.locator('body').innerText()
      expect(text).toMatch(/de-identified|pseudonymised/i)
      expect(text.length).toBeGreaterThan(500)
      expect(stringsFound(Buffer.from(await page.content()), plantedWords)).toEqual([])
    })

    test('the slide says how near its pyramid is to the source', async () => {
      const id = [...ids.values()].at(0)!
      await page.goto(`/slides/${id}`)
      await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
      await page.locator('details.facts summary').click()
      await page.getByText(/^SSIM 0\.\d{3}, [\d.]+ dB$/).waitFor()
      await page.waitForLoadState('networkidle')
      await world().picture(page, 'viewer-quality')
      await page.context().close()
    })

    const numberOf = (id: string): string => [...ids].find(([, one]) => one === id)![0]
  })
}

async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  await page.mouse.move(...from)
  await page.mouse.down()
  await page.mouse.move(...to, { steps: 6 })
  await page.mouse.up()
}
