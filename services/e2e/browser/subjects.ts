/** Pages of a project: its subjects, what holds their slides, withdrawal, and the ledger. */
import type { Locator, Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { withJson } from '../client.ts'
import { madeBytes } from '../suites/made.ts'
import type { World } from './world.ts'

const PROJECT = 'screens'
const PERSON = 'Winterbourne Isolde'
const [RULES, LEDGER, SUBJECTS] = ['rules', 'ledger', 'subjects'].map(name => `/projects/${PROJECT}/${name}`)
const NARROW = { viewport: { width: 390, height: 800 } }

const button = (within: Page | Locator, name: string | RegExp): Locator => within.getByRole('button', { name })

export function subjectsSuite(world: () => World): void {
  describe('the pages of a project', () => {
    let page: Page
    let slideId: string
    const picture = (name: string, of = page) => world().picture(of, `project-${name}`, { fullPage: true })

    beforeAll(async () => {
      page = await world().visitor('owner', { acceptDownloads: true }, PROJECT)
    })

    test('are a step away from the list, for stewards alone; signing in leads back to them', async () => {
      await page.goto('/')
      await page.getByRole('link', { name: `Project “${PROJECT}”` }).click()
      await page.getByRole('heading', { name: 'Subjects', level: 1 }).waitFor()
      await page.getByText('No subjects yet').waitFor()
      const viewer = await world().visitor('viewer', {}, PROJECT)
      await viewer.goto(SUBJECTS!)
      await viewer.getByText(`Only stewards and owners of the project “${PROJECT}” see this.`).waitFor()
      await viewer.context().close()
      const stranger = await world().stranger()
      await stranger.goto(LEDGER!)
      expect(new URL(stranger.url()).searchParams.get('next')).toBe(LEDGER)
      await stranger.goto(`${stranger.url()}#${await world().invite('steward', PROJECT)}`)
      await stranger.getByRole('heading', { name: 'Ledger', level: 1 }).waitFor()
      await stranger.context().close()
    })

    test('rules: an owner puts them in force by a form', async () => {
      await page.goto(RULES!)
      await page.getByText('There are no rules').waitFor()
      await button(page, 'Change the rules').click()
      const form = page.getByRole('form', { name: 'Selection rules' })
      await form.getByRole('checkbox', { name: 'Consent', exact: true }).check()
      await form.getByLabel('For material collected since').fill('2020-01-31')
      await form.getByRole('checkbox', { name: 'Tumour fraction' }).check()
      await form.getByLabel('At least (percent)').fill('25')
      await picture('rules-form')
      await button(form, 'Put in force').click()
      await page.getByText('There is a consent, for material collected on 31 January 2020 or later.').waitFor()
      await page.getByText('A person attests at least 25 % of tumour.').waitFor()
      await picture('rules')
      const { rules } = await world().client.json<{ rules: object[] }>(`/api/projects/${PROJECT}/selection-rules`)
      expect(rules).toEqual([
        { rule: 'consent', collectedFrom: '2020-01-31' },
        { rule: 'tumour-fraction', atLeast: 0.25 },
      ])
    })

    test('rules: who is faster counts, and a steward only reads them', async () => {
      await button(page, 'Change the rules').click()
      await world().client.json(`/api/projects/${PROJECT}/selection-rules`, withJson('PUT', { rules }))
      await button(page, 'Put in force').click()
      await page
        .getByRole('alert')
        .getByText(/Somebody else changed the rules/)
        .waitFor()
      expect(world().complaints()).toHaveLength(2)
      const steward = await world().visitor('steward', {}, PROJECT)
      await steward.goto(RULES!)
      await steward.getByText('Owners of the project change them.').waitFor()
      expect(await button(steward, 'Change the rules').count()).toBe(0)
      await steward.context().close()
    })
    const rules = [
      { rule: 'consent', collectedFrom: '2020-01-31' },
      { rule: 'tumour-fraction', atLeast: 0.25 },
    ]

    test('subjects: a manifest and an upload go into the project that was chosen', async () => {
      await page.goto(SUBJECTS!)
      const csv = `file,subject,case,organ,collected\nscreens.svs,${PERSON},S-1,LIVER,2024-05-31\n`
      await page
        .getByLabel('Manifest (CSV)')
        .setInputFiles({ name: 'm.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
      await page.getByText('Manifest: 1 of 1 lines taken.').waitFor()
      const everywhere = await world().visitor('owner', {}, '*')
      await everywhere.goto('/')
      await everywhere.getByLabel('Upload into').selectOption('Another project…')
      await everywhere.getByLabel('Name', { exact: true }).fill(PROJECT)
      await button(everywhere, 'Go on').click()
      const buffer = await madeBytes({ width: 900, height: 700, seed: 97 })
      await everywhere
        .getByLabel('Slide files')
        .setInputFiles({ name: 'screens.svs', mimeType: 'application/octet-stream', buffer })
      await everywhere.locator('.slide-row', { hasText: 'screens.svs' }).getByText('Held', { exact: true }).waitFor()
      await picture('upload-into', everywhere)
      await everywhere.context().close()
    })

    test('subjects: what holds a slide is said; consent and attestation let it go', async () => {
      await page.goto(SUBJECTS!)
      await page.getByLabel('With held slides').check()
      await picture('subjects')
      await page.locator('tbody a').first().click()
      await page.getByText('consent: there is no consent').waitFor()
      await page.getByText('tumour-fraction: the tumour fraction is unknown').waitFor()
      await button(page, 'Record').click()
      const consent = page.getByRole('form', { name: 'Consent' })
      await consent.getByLabel('Version').fill('2.1')
      await consent.getByLabel('Given on').fill('2024-06-01')
      await consent.getByLabel(/^Scope/).fill('DUO:0000042')
      await consent.getByLabel('Commercial use').selectOption('Not allowed')
      await picture('consent-form')
      await button(consent, 'Record consent').click()
      await page.getByText('not allowed', { exact: true }).waitFor()
      // The keyboard goes on where the form was opened.
      await page.locator('button:focus', { hasText: 'Change' }).waitFor()
      await button(page, 'Attest').click()
      const attesting = page.getByRole('form', { name: 'Attestation' })
      await attesting.getByLabel('Percent').fill('40')
      await picture('attest-form')
      await button(attesting, 'Attest it').click()
      await page.getByText('Tumour fraction: 40 %').waitFor()
      const { intake } = await released()
      slideId = intake.id
      await page.reload()
      await page.locator('.slides-of').getByText('Released').waitFor()
      await picture('subject')
      expect(await page.content()).not.toContain('Winterbourne')
    })

    /** The slide, once it has a name and can be viewed. */
    async function released() {
      const { slides } = await world().client.json<{ slides: { id: string; project: string }[] }>(
        '/api/intake/slides?limit=1000',
      )
      const { id } = slides.find(({ project }) => project === PROJECT)!
      return { intake: await world().client.until(id, 'ready') }
    }

    test('the ledger: one asks, another agrees, the first sees the answer, and no address names anybody', async () => {
      const asking = await world().visitor('steward', {}, PROJECT)
      const addresses: string[] = []
      asking.on('request', request => addresses.push(request.url()))
      await asking.goto(LEDGER!)
      await button(asking, 'Ask for a look-up').click()
      const form = asking.getByRole('form', { name: 'Look-up' })
      await form.getByRole('combobox', { name: 'What' }).selectOption('Which pseudonym a person has')
      await form.getByLabel(/^The person/).fill(PERSON)
      await form.getByLabel('Reason').fill('A finding that concerns the subject')
      await picture('look-up-form', asking)
      await button(form, 'Ask').click()
      await asking.getByText('Waits for somebody else').waitFor()
      expect(await button(asking, 'Agree').count()).toBe(0)
      await page.goto(LEDGER!)
      await button(page, 'Agree').click()
      await page.getByText('Agreed to', { exact: true }).waitFor()
      expect(await button(page, 'See the answer').count()).toBe(0)
      // It is seen without a reload.
      await button(asking, 'See the answer').click()
      await asking.getByRole('dialog').getByText(PERSON).waitFor()
      await picture('look-up-answer', asking)
      await asking.keyboard.press('Escape')
      await expect.poll(async () => (await asking.content()).includes(PERSON)).toBe(false)
      expect(addresses.join()).not.toMatch(/Winterbourne|Isolde/)
      await asking.context().close()
    })

    test('the ledger: its key is rotated; what becomes impossible is read before it can be switched off', async () => {
      const everywhere = await world().visitor('owner', {}, '*')
      await everywhere.goto(LEDGER!)
      await everywhere.getByText(/^The audit is whole/).waitFor()
      await button(everywhere, 'Rotate the key').click()
      await everywhere.getByText(/^destroyed/).waitFor()
      await button(everywhere, 'Switch it off…').click()
      const dialog = everywhere.getByRole('dialog')
      await dialog.getByText(/A withdrawal of consent reaches released slides only/).waitFor()
      expect(await button(dialog, 'Forget, and switch off').isDisabled()).toBe(true)
      await dialog.getByRole('checkbox').check()
      expect(await button(dialog, 'Forget, and switch off').isEnabled()).toBe(true)
      await picture('ledger-off', everywhere)
      await button(dialog, 'Keep the ledger').click()
      await expect.poll(() => dialog.count()).toBe(0)
      expect((await world().client.json<{ on: boolean }>('/api/ledger')).on).toBe(true)
      await picture('ledger', everywhere)
      await everywhere.context().close()
    })

    test('a withdrawal wants a reason and the pseudonym; its page follows it to the proof', async () => {
      await (await world().client.get(`/api/slides/${slideId}/pyramid`)).arrayBuffer()
      await page.goto(SUBJECTS!)
      const pseudonym = await page.locator('tbody a').first().innerText()
      await page.locator('tbody a').first().click()
      await button(page, 'Withdraw consent…').click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Reason').fill('The subject asked for it')
      await dialog.getByLabel(/^The pseudonym again/).fill('ANOTHER01')
      expect(await button(dialog, 'Erase everything').isDisabled()).toBe(true)
      await dialog.getByLabel(/^The pseudonym again/).fill(pseudonym.toLowerCase())
      await picture('withdraw')
      await button(dialog, 'Erase everything').click()
      await page.getByRole('heading', { name: `Withdrawal of ${pseudonym}` }).waitFor()
      await page.getByText('Erased and proven').waitFor({ timeout: 60_000 })
      await page.getByText('Ask these people to delete them').waitFor()
      await picture('withdrawal')
      const waiting = page.waitForEvent('download')
      await page.getByRole('link', { name: 'Proof' }).click()
      expect((await waiting).suggestedFilename()).toBe(`withdrawal-${pseudonym}.json`)
      await page.getByRole('link', { name: 'Withdrawals' }).first().click()
      await page.locator('tbody').getByText(pseudonym).waitFor()
      await page.goto(SUBJECTS!)
      await page.getByText('Withdrawn', { exact: true }).waitFor()
      await page.locator('tbody a').first().click()
      await page.getByRole('link', { name: /the proof of it/ }).click()
      await page.getByText('Erased and proven').waitFor()
      await page.goto(`/projects/${PROJECT}/audit`)
      await page.getByRole('row', { name: new RegExp(`Withdrawal asked for: ${pseudonym}, 1 slide`) }).waitFor()
      await picture('audit-of-subjects')
      await page.context().close()
    })

    test('on a narrow screen nothing scrolls sideways', async () => {
      const narrow = await world().visitor('owner', NARROW, '*')
      const { withdrawals } = await world().client.json<{ withdrawals: { id: string }[] }>('/api/withdrawals')
      const proof = `withdrawals/${withdrawals[0]!.id}`
      for (const name of ['subjects', 'rules', 'ledger', 'withdrawals', proof, 'gate', 'names', 'folders', 'audit']) {
        await narrow.goto(`/projects/${PROJECT}/${name}`)
        await narrow.getByRole('heading', { level: 1 }).waitFor()
        await narrow.waitForLoadState('networkidle')
        const [wide, shown] = await narrow.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, innerWidth]',
        )
        expect([name, wide]).toEqual([name, shown])
      }
      await picture('names-narrow', narrow)
      await narrow.context().close()
    })
  })
}
