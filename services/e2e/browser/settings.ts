/** Pages of a project: its gate, the names of its slides, and its watched folders. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import type { World } from './world.ts'

const PROJECT = 'settled'
const path = (section: string) => `/projects/${PROJECT}/${section}`

export function settingsSuite(world: () => World): void {
  describe('the settings of a project', () => {
    let page: Page
    const button = (name: string) => page.getByRole('button', { name })
    const picture = (name: string) => world().picture(page, `project-${name}`, { fullPage: true })
    beforeAll(async () => {
      page = await world().visitor('owner', {}, PROJECT)
    })

    test('the gate: switched by an owner with a reason, by keyboard alone', async () => {
      await page.goto(path('gate'))
      await page.getByText('Slides are released under a random name without a person looking').waitFor()
      await page.getByLabel('Reason').focus()
      await page.keyboard.type('Slides of patients come')
      await page.keyboard.press('Enter')
      await page.getByText('A reviewer approves or rejects each slide.').waitFor()
      await picture('gate')
      const gate = await world().client.json(`/api/projects/${PROJECT}/gate`)
      expect(gate).toMatchObject({ on: true, setBy: 'owner', reason: 'Slides of patients come' })
      const steward = await world().visitor('steward', {}, PROJECT)
      await steward.goto(path('gate'))
      await steward.getByText('Owners of the project switch it.').waitFor()
      expect(await steward.getByLabel('Reason').count()).toBe(0)
      await steward.context().close()
    })

    test('names: what is wrong with a nomenclature is said, and names that exist stay', async () => {
      await page.goto(path('names'))
      await page.getByText('Kept for what becomes known later').waitFor()
      await button('Change it').click()
      const field = page.getByLabel('As JSON')
      const nomenclature = JSON.parse(await field.inputValue()) as { scheme: string; slots: { name: string }[] }
      await field.fill('{ scheme')
      await button('Name slides like this').click()
      await page.getByText(/^This is not JSON/).waitFor()
      const withoutSubject = nomenclature.slots.filter(({ name }) => name !== 'subject')
      await field.fill(JSON.stringify({ ...nomenclature, slots: withoutSubject }))
      await button('Name slides like this').click()
      await page.getByText('expected exactly one slot of kind "subject"').waitFor()
      expect(world().complaints()).toHaveLength(2)
      await picture('names-form')
      await field.fill(JSON.stringify({ ...nomenclature, scheme: 'S9' }))
      await button('Name slides like this').click()
      await page.getByRole('heading', { name: 'Nomenclature S9' }).waitFor()
      expect(await page.locator('code').first().innerText()).toMatch(/^S9-/)
      await picture('names')
    })

    test('the audit says who switched the gate and changed the names', async () => {
      await page.goto(path('audit'))
      await page.getByRole('row', { name: /Gate switched on.*Slides of patients come/ }).waitFor()
      await page.getByRole('row', { name: /Nomenclature changed/ }).waitFor()
      await picture('audit')
    })

    test('watched folders: that there is none, and how one is named', async () => {
      await page.goto(path('folders'))
      await page.getByText('No folder is watched for this project').waitFor()
      await page.context().close()
    })
  })
}
