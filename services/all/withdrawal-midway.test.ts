/** Consent that is withdrawn while its slide is on the way: at every stage all of it goes, and none of it comes back. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import type { Withdrawal } from '@coverslip/proto/api/ledger.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'

const PROJECT = 'cohort'
const TUS = { 'tus-resumable': '1.0.0' }
let folder: string
let system: TestSystem
let small: Buffer
let large: Buffer
const withdrawn: string[] = []

const start = (without: string[] = []): Promise<TestSystem> =>
  startSystem(
    modules.filter(({ name }) => !without.includes(name)),
    { data: join(folder, 'data'), environment: { INGEST_DUPLICATES: 'keep' } },
  )
async function made(width: number, height: number): Promise<Buffer> {
  const path = join(folder, `${width}.svs`)
  await writeSyntheticSlide(path, { width, height, seed: 5, workers: 1 })
  return readFile(path)
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-midway-'))
  // More than one part of a pyramid.
  ;[small, large] = [await made(700, 500), await made(9000, 1200)]
  system = await start(['deidentify', 'pyramid', 'tiles'])
  const names = ['received', 'deidentifying', 'review', 'tiling', 'uploading']
  const body = ['file,subject', ...names.map(name => `${name}.svs,Person ${name}`)].join('\n')
  expect((await system.fetch(`/api/manifests?project=${PROJECT}`, { method: 'POST', body })).status).toBe(200)
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

const json = async <Answer>(path: string): Promise<Answer> => (await (await system.fetch(path)).json()) as Answer
const send = (method: string, path: string, body: object): Promise<Response> =>
  system.fetch(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

async function beginUpload(name: string, bytes: Buffer): Promise<{ id: string; path: string }> {
  const words = Object.entries({ filename: `${name}.svs`, project: PROJECT })
  const metadata = words.map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`).join(',')
  const headers = { ...TUS, 'upload-length': `${bytes.length}`, 'upload-metadata': metadata }
  const created = await system.fetch('/api/intake/uploads', { method: 'POST', headers })
  const { pathname } = new URL(created.headers.get('location')!, 'http://x')
  return { id: created.headers.get('coverslip-slide-id')!, path: pathname }
}
async function sendPiece(path: string, bytes: Buffer, from: number, to: number): Promise<void> {
  const headers = { ...TUS, 'upload-offset': `${from}`, 'content-type': 'application/offset+octet-stream' }
  const body = new Uint8Array(bytes.subarray(from, to))
  expect((await system.fetch(path, { method: 'PATCH', headers, body })).status).toBe(204)
}
async function upload(name: string, bytes: Buffer): Promise<string> {
  const { id, path } = await beginUpload(name, bytes)
  await sendPiece(path, bytes, 0, bytes.length)
  return id
}
const stateOf = async (id: string) =>
  (await json<{ state?: string; reason?: string }>(`/api/intake/slides/${id}`)).state
async function until(id: string, state: string): Promise<void> {
  for (const deadline = Date.now() + 50_000; (await stateOf(id)) !== state; await sleep(15)) {
    if (Date.now() > deadline) throw new Error(`the slide is ${await stateOf(id)}, not ${state}`)
  }
}

/** The subject that a slide hangs on, once it does; without a slide, the one that has none. */
async function subjectOf(id?: string): Promise<string> {
  for (const deadline = Date.now() + 20_000; ; await sleep(15)) {
    const { subjects } = await json<{ subjects: { id: string }[] }>(`/api/subjects?project=${PROJECT}`)
    for (const subject of subjects) {
      const { slidesOf } = await json<{ slidesOf: { id: string }[] }>(`/api/subjects/${subject.id}`)
      if (id ? slidesOf.some(slide => slide.id === id) : slidesOf.length === 0) return subject.id
    }
    if (Date.now() > deadline) throw new Error('no such subject')
  }
}
async function withdraw(subject: string): Promise<string> {
  const answer = await send('POST', `/api/subjects/${subject}/withdrawal`, { reason: 'asked for it' })
  expect(answer.status).toBe(202)
  return ((await answer.json()) as Withdrawal).id
}
async function proven(withdrawal: string, id: string): Promise<void> {
  await expect
    .poll(() => json<Withdrawal>(`/api/withdrawals/${withdrawal}`), { timeout: 40_000 })
    .toMatchObject({ state: 'done', slides: [{ id, waitingFor: [] }] })
  withdrawn.push(id)
}

/** What any store, or folder of temporary files, holds of slides that were withdrawn. */
async function left(): Promise<string[]> {
  const files = await readdir(join(folder, 'data'), { recursive: true })
  return files.filter(path => withdrawn.some(id => path.includes(id)))
}

test('received, and nobody has begun with it: the work that waits is not done any more', async () => {
  const id = await upload('received', small)
  await until(id, 'received')
  const withdrawal = await withdraw(await subjectOf(id))
  await system.stop()
  system = await start()
  await proven(withdrawal, id)
  expect((await system.fetch(`/api/intake/slides/${id}`)).status).toBe(404)
})

test('being de-identified', async () => {
  const id = await upload('deidentifying', large)
  const subject = await subjectOf(id)
  await until(id, 'deidentifying')
  await proven(await withdraw(subject), id)
})

test('before a reviewer: there is nothing left to decide on', async () => {
  const id = await upload('review', small)
  await until(id, 'review')
  await proven(await withdraw(await subjectOf(id)), id)
  expect((await system.fetch(`/api/reviews/${id}`)).status).toBe(404)
  const decision = await send('POST', `/api/reviews/${id}/decision`, { revision: 1, decision: 'approve' })
  expect(decision.status).toBe(404)
})

test('while parts of its pyramid are built', async () => {
  const gate = await send('PUT', `/api/projects/${PROJECT}/gate`, { on: false, reason: 'a test' })
  expect(gate.status).toBe(200)
  const id = await upload('tiling', large)
  const subject = await subjectOf(id)
  await until(id, 'tiling')
  await proven(await withdraw(subject), id)
  expect(await json(`/api/slides/${id}`)).toMatchObject({ state: 'withdrawn', subject: null })
})

test('while it is uploaded: nothing of it was known yet, so it is held when it has come, by that rule alone', async () => {
  await send('PUT', `/api/projects/${PROJECT}/selection-rules`, { rules: [{ rule: 'consent' }] })
  const { id, path } = await beginUpload('uploading', small)
  await sendPiece(path, small, 0, 1000)
  const answer = await send('POST', `/api/subjects/${await subjectOf()}/withdrawal`, { reason: 'asked for it' })
  expect(await answer.json()).toMatchObject({ state: 'done', slides: [], heldLater: { subject: true, files: 1 } })
  await sendPiece(path, small, 1000, small.length)
  await until(id, 'held')
  const { reason } = await json<{ reason: string }>(`/api/intake/slides/${id}`)
  expect(reason).toMatch(/^withdrawn: /)
  expect(reason).not.toContain('consent:')
  // Whoever sees it held deletes it.
  expect((await system.fetch(`/api/intake/slides/${id}`, { method: 'DELETE' })).status).toBe(204)
  withdrawn.push(id)
})

test('nothing of any of them is left, nor comes back', async () => {
  await expect.poll(left, { timeout: 20_000 }).toEqual([])
  await sleep(1500)
  expect(await left()).toEqual([])
  expect(await readFile(join(folder, 'data', 'log.jsonl'), 'utf8')).not.toMatch(/Person (received|review|tiling)/)
})
