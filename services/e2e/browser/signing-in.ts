/** One-time links in the browser, and the way back to a slide. */
import { describe, expect, test } from 'vitest'
import type { World } from './world.ts'

export function signingInSuite(world: () => World, slideId: () => string): void {
  describe('signing in', () => {
    test('a one-time link leads to the list; used again it says so in plain words', async () => {
      const code = await world().invite('viewer')
      const page = await world().stranger()
      await page.goto(`/sign-in#${code}`)
      await page.getByRole('searchbox', { name: 'Search slides' }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/')
      expect(await page.content()).not.toContain(code)
      await page.context().close()

      const second = await world().stranger(/api\/session/)
      await second.goto(`/sign-in#${code}`)
      await second.getByText('This link has been used or has expired. Ask for a new one.').waitFor()
      expect(second.url()).not.toContain(code)
      await world().picture(second, 'sign-in-used-link')
      await second.context().close()
    })

    test('the address of a slide leads through signing in to that slide, also from the tab of the mail', async () => {
      const page = await world().stranger()
      await page.goto(`/slides/${slideId()}?x=700&y=500&zoom=-1`)
      await page.getByRole('textbox', { name: 'E-mail' }).waitFor()
      expect(new URL(page.url()).pathname).toBe('/sign-in')
      const mail = await page.context().newPage()
      await mail.goto(`/sign-in#${await world().invite('viewer')}`)
      await mail.getByRole('toolbar', { name: 'Tools' }).waitFor()
      const { pathname, searchParams } = new URL(mail.url())
      expect([pathname, searchParams.get('zoom')]).toEqual([`/slides/${slideId()}`, '-1'])
      expect(await mail.getByText('View only').isVisible()).toBe(true)
      await page.context().close()
    })

    test('a foreign address is no way back', async () => {
      const page = await world().stranger()
      await page.goto('/sign-in?next=https://evil.example/slides/a')
      await page.goto(`/sign-in?next=//evil.example/#${await world().invite('viewer')}`)
      await page.getByRole('searchbox', { name: 'Search slides' }).waitFor()
      expect(page.url()).toBe(`${world().shape.url}/`)
      await page.context().close()
    })

    test('signing out ends it', async () => {
      const page = await world().visitor('viewer')
      await page.goto('/')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('textbox', { name: 'E-mail' }).waitFor()
      await page.goto('/')
      expect(new URL(page.url()).pathname).toBe('/sign-in')
      await page.context().close()
    })
  })
}
