/** A slide through the human gate, with every service: nobody but reviewers knows of it before its release. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { review } from '@coverslip/proto/api/reviews.ts'
import { intakeSlide, slide } from '@coverslip/proto/api.ts'
import { FAKE_PATIENT } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'
import { uploadSlide } from './testing/upload.ts'

const SOURCE_NAME = 'Quillfeather Ottoline S26-04711.svs'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem(modules, { environment: { INGEST_DUPLICATES: 'keep' } })
})
afterAll(() => system?.stop())

const json = async (path: string) => (await system.fetch(path)).json()
const intakeOf = async (id: string) => intakeSlide.parse(await json(`/api/intake/slides/${id}`))
const reviewOf = async (id: string) => review.parse(await json(`/api/reviews/${id}`))
const uploaded = () =>
  uploadSlide(system, {
    name: SOURCE_NAME,
    width: 1200,
    height: 900,
    until: async id => (await intakeOf(id)).state === 'review',
  })
/** Looks at all pictures, where there are such, and decides. */
async function decide(id: string, decision: 'approve' | 'reject'): Promise<Response> {
  const shown = review.safeParse(await json(`/api/reviews/${id}`))
  for (const image of shown.data?.images ?? []) await (await system.fetch(`/api/reviews/${id}/images/${image}`)).bytes()
  return system.fetch(`/api/reviews/${id}/decision`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ revision: 1, decision }),
  })
}

test('a slide that was approved is served under its random name; the number it had before is gone', async () => {
  const id = await uploaded()
  expect((await system.fetch(`/api/slides/${id}`)).status).toBe(404)
  expect((await system.fetch(`/tiles/${id}.dzi`)).status).toBe(404)
  expect((await system.fetch(`/api/slides/${id}/original`)).status).toBe(404)
  const { researchNumber } = await reviewOf(id)
  expect(researchNumber).toMatch(/^R-/)

  expect((await decide(id, 'approve')).status).toBe(200)
  await expect.poll(async () => (await intakeOf(id)).state, { timeout: 40_000 }).toBe('ready')
  await expect
    .poll(async () => (await system.fetch(`/tiles/${id}.dzi`, { redirect: 'follow' })).status, { timeout: 10_000 })
    .toBe(200)
  const released = slide.parse(await json(`/api/slides/${id}`))
  const { releaseName, researchNumber: after } = await reviewOf(id)
  expect(released.name).toBe(releaseName)
  expect(released.name).toMatch(/^C1-DEFA-/)
  expect(after).toBeNull()
  const everything = JSON.stringify([released, await reviewOf(id), await json(`/api/projects/default/releases`)])
  for (const word of [...Object.values(FAKE_PATIENT), researchNumber!, 'S26-04711'])
    expect(everything).not.toContain(word)
})

test('a slide that was turned down is in intake as rejected, and nowhere else', async () => {
  const id = await uploaded()
  expect((await decide(id, 'reject')).status).toBe(200)
  await expect.poll(async () => (await intakeOf(id)).state, { timeout: 10_000 }).toBe('rejected')
  expect(await intakeOf(id)).toMatchObject({ code: 'rejected' })
  expect((await system.fetch(`/api/slides/${id}`)).status).toBe(404)
})

test('a slide that is deleted while it waits leaves the queue', async () => {
  const id = await uploaded()
  expect((await system.fetch(`/api/intake/slides/${id}`, { method: 'DELETE' })).status).toBe(204)
  await expect.poll(async () => (await system.fetch(`/api/reviews/${id}`)).status, { timeout: 10_000 }).toBe(404)
  expect((await decide(id, 'approve')).status).toBe(404)
})

test('nothing of the patient is in the log', async () => {
  const log = await readFile(join(system.data, 'log.jsonl'), 'utf8')
  for (const word of [...Object.values(FAKE_PATIENT), 'S26-04711']) expect(log).not.toContain(word)
})
