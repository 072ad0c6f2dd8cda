/** One-time links and the OpenID provider in the browser, and the way back to a slide. */
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

    test('the provider signs in by one click and leads back to the slide; signing out ends it there as well', async () => {
      const { shape, provider } = world()
      const baseURL = `http://localhost:${new URL(shape.url).port}`
      provider.person = { sub: 'ada', name: 'Dr Ada', email: 'ada@hospital.example', groups: ['pathology'] }
      // What the provider's own page looks for elsewhere.
      const page = await world().stranger(/fonts\.googleapis|favicon/, { baseURL })
      await page.goto(`/slides/${slideId()}?zoom=-1`)
      const button = page.getByRole('link', { name: 'Hospital sign-in' })
      await button.waitFor()
      await world().picture(page, 'sign-in-provider')
      await button.click()
      await page.getByRole('toolbar', { name: 'Tools' }).waitFor()
      expect(new URL(page.url()).pathname).toBe(`/slides/${slideId()}`)
      await page.goto('/')
      await page.getByText('Dr Ada').waitFor()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.waitForURL(address => address.origin === provider.issuer)
      await page.context().close()
    })

    test('somebody whom the provider knows and nobody invited is told whom to ask', async () => {
      const { shape, provider } = world()
      provider.person = { sub: 'eve', groups: [] }
      const page = await world().stranger(undefined, { baseURL: `http://localhost:${new URL(shape.url).port}` })
      await page.goto('/sign-in')
      await page.getByRole('link', { name: 'Hospital sign-in' }).click()
      await page.getByText('You have no account here yet.').waitFor()
      expect(page.url()).not.toContain('problem')
      await world().picture(page, 'sign-in-no-account')
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
