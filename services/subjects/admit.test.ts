import { randomUUID } from 'node:crypto'
import type { TestDeps } from '@coverslip/platform/testing/deps.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admit } from './admit.ts'
import type { SubjectsDeps } from './deps.ts'
import { findBySourceName, knownTexts } from './known-texts.ts'
import { databaseText, openSubjects } from './testing.ts'

let opened: TestDeps<SubjectsDeps>
beforeAll(async () => {
  opened = await openSubjects()
})
afterAll(() => opened.close())

const arrival = (sourceName: string) => ({ slideId: randomUUID(), project: 'liver', sourceName, format: 'aperio' })
const ask = (what: ReturnType<typeof arrival>) => opened.deps.db.transaction(trx => admit(trx, opened.deps.root, what))

test('a slide that no manifest names is admitted and hangs on somebody unknown; asking again changes nothing', async () => {
  const slide = arrival('HONG-1234.svs')
  const first = await ask(slide)
  expect(first).toMatchObject({ admitted: true, heldBy: [] })
  expect(first.slide.pseudonyms.subject).toMatch(/^[0-9A-Z]{9}$/)
  expect(first.slide.research_number).toMatch(/^R-/)
  expect(await ask(slide)).toEqual(first)
  const other = await ask(arrival('HONG-1235.svs'))
  expect(other.slide.pseudonyms.subject).not.toBe(first.slide.pseudonyms.subject)
})

test('the source is known to de-identification, found by its name, and nowhere in plain text', async () => {
  const { db, root } = opened.deps
  const slide = arrival('Gildong Hong 77.svs')
  await ask(slide)
  expect(await knownTexts(db.query, root, slide.slideId)).toEqual(['Gildong Hong 77.svs', 'Gildong Hong 77'])
  expect(await findBySourceName(db.query, root, 'liver', 'gildong hong 77.XML')).toBe(slide.slideId)
  expect(await findBySourceName(db.query, root, 'liver', 'C:\\scans\\Gildong Hong 77.svs')).toBe(slide.slideId)
  expect(await findBySourceName(db.query, root, 'lung', 'Gildong Hong 77.svs')).toBeUndefined()
  expect((await databaseText(opened.deps)).toLowerCase()).not.toContain('gildong')
})

test('a name without extension that two slides share finds neither', async () => {
  const { db, root } = opened.deps
  await ask(arrival('twin.svs'))
  await ask(arrival('twin.ndpi'))
  expect(await findBySourceName(db.query, root, 'liver', 'twin.xml')).toBeUndefined()
  expect(await findBySourceName(db.query, root, 'liver', 'twin.ndpi')).toBeDefined()
})

test('two that ask at the same time are told the same', async () => {
  const slide = arrival('at-once.svs')
  const [one, two] = await Promise.all([ask(slide), ask(slide)])
  expect(one.slide.research_number).toBe(two.slide.research_number)
  expect(one.slide.pseudonyms).toEqual(two.slide.pseudonyms)
})

test('a slide of an unknown id is not found', async () => {
  await expect(knownTexts(opened.deps.db.query, opened.deps.root, randomUUID())).rejects.toMatchObject({
    code: 'not-found',
  })
})
