/** The slide list: what is on its way, what failed and why, uploads. */
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { tissue, type World } from './world.ts'

const rowOf = (page: Page, name: string): Locator => page.locator('.slide-row', { hasText: name })
const upload = (page: Page, name: string, buffer: Buffer) =>
  page.getByLabel('Slide files').setInputFiles({ name, buffer, mimeType: 'application/octet-stream' })

const widthOf = (image: Locator): Promise<number> =>
  image.evaluate(element => (element as unknown as { naturalWidth: number }).naturalWidth)

export function listingSuite(world: () => World): void {
  describe('the slide list', () => {
    test('shows an uploaded slide on its way, then its thumbnail', async () => {
      const page = await world().visitor('steward')
      await page.goto('/')
      await page.getByRole('button', { name: 'Upload slides' }).waitFor()
      // Long enough on its way to be seen there.
      await upload(page, 'browser-upload.svs', await tissue(4000, 3000))
      const row = rowOf(page, 'browser-upload.svs')
      const progress = row.getByRole('progressbar')
      await progress.waitFor()
      expect(await row.locator('.progress').innerText()).toMatch(
        /^(Received|Being de-identified|Being prepared for viewing)\s\d+ %/,
      )
      await world().picture(page, 'list-on-its-way')
      // From its release on the slide has another name; the one that it came with is forgotten.
      const released = rowOf(page, '4,000 × 3,000 px')
      await released.getByText('Ready', { exact: true }).waitFor({ timeout: 60_000 })
      expect(await row.count()).toBe(0)
      const thumbnail = released.getByRole('img')
      await thumbnail.waitFor()
      await expect.poll(() => widthOf(thumbnail), { timeout: 10_000 }).toBeGreaterThan(100)
      await world().picture(page, 'list-ready')
      await released.getByRole('link').first().click()
      await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
      await page.context().close()
    })

    test('says in plain words why a file failed', async () => {
      const page = await world().visitor('steward')
      await page.goto('/')
      await upload(page, 'letter.svs', Buffer.from('Dear colleague, '.repeat(100)))
      const row = rowOf(page, 'letter.svs')
      await row.getByText('Failed', { exact: true }).waitFor()
      const reason = await row.locator('.reason').innerText()
      expect(reason).toMatch(/^[A-Z].{15,}/)
      expect(reason).not.toMatch(/letter|Error|undefined/)
      await world().picture(page, 'list-failed')
      await page.context().close()
    })

    test('offers nothing to people who only view, and asks for nothing that they may not see', async () => {
      const page = await world().visitor('viewer')
      const asked: string[] = []
      page.on('request', request => asked.push(new URL(request.url()).pathname))
      await page.goto('/')
      await page.locator('.slide-row').first().waitFor()
      expect(await page.getByRole('button', { name: 'Upload slides' }).count()).toBe(0)
      expect(asked.filter(path => path.startsWith('/api/intake'))).toEqual([])
      expect(await page.content()).not.toContain('browser-upload')
      await page.context().close()
    })
  })
}
