/** From a manifest to a proof of deletion, with every service in one process. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { runCommand } from '@coverslip/cli/program.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import type { Withdrawal } from '@coverslip/proto/api/ledger.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modules } from './modules.ts'

let folder: string
let system: TestSystem
const data = (): string => join(folder, 'data')
const start = (): Promise<TestSystem> =>
  startSystem(modules, { data: data(), environment: { REVIEW_GATE: 'off', INGEST_DUPLICATES: 'keep' } })
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-withdrawal-'))
  system = await start()
  for (const name of ['hong', 'other']) {
    await writeSyntheticSlide(join(folder, `${name}.svs`), { width: 900, height: 700, workers: 1 })
  }
  await writeFile(
    join(folder, 'list.csv'),
    'file,subject,organ\nhong.svs,Hong Gildong,LIVER\nother.svs,Somebody,LIVER\n',
  )
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function coverslip(...args: string[]): Promise<{ code: number; err: string; json: Record<string, unknown>[] }> {
  let [out, err] = ['', '']
  const collect = (keep: (text: string) => void): Writable =>
    new Writable({ write: (chunk, _encoding, done) => done(keep(String(chunk)) as undefined) })
  const code = await runCommand([...args, '--json'], {
    environment: { COVERSLIP_URL: system.url, COVERSLIP_DATA: data(), XDG_STATE_HOME: join(folder, 'state') },
    out: collect(text => {
      out += text
    }),
    screen: collect(text => {
      err += text
    }),
    signal: new AbortController().signal,
  })
  return {
    code,
    err,
    json: out
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line)),
  }
}

const filesOf = async (slideId: string): Promise<string[]> => {
  const stores = await Promise.all(
    ['source', 'original', 'pyramid'].map(kind => readdir(join(data(), kind), { recursive: true }).catch(() => [])),
  )
  return stores.flat().filter(path => path.includes(slideId))
}
const ids: Record<string, string> = {}

test('slides come in with their manifest and hang on the subjects that it names', async () => {
  const files = [join(folder, 'hong.svs'), join(folder, 'other.svs')]
  const { code, json } = await coverslip('ingest', ...files, '--manifest', join(folder, 'list.csv'), '--wait')
  expect({ code, states: json.map(({ state }) => state) }).toEqual({ code: 0, states: ['ready', 'ready'] })
  for (const { file, id } of json) ids[String(file).includes('hong') ? 'hong' : 'other'] = String(id)
  const slides = await Promise.all(
    Object.values(ids).map(async id => (await (await system.fetch(`/api/slides/${id}`)).json()) as { subject: string }),
  )
  expect(new Set(slides.map(({ subject }) => subject)).size).toBe(2)
  expect(slides[0]!.subject).toMatch(/^[0-9A-Z]{9}$/)
})

test('what is held goes on by itself when its rules are met', async () => {
  const rules = { rules: [{ rule: 'information', fields: ['organ'] }] }
  const headers = { 'content-type': 'application/json' }
  const path = '/api/projects/ruled/selection-rules'
  expect((await system.fetch(path, { method: 'PUT', headers, body: JSON.stringify(rules) })).status).toBe(200)
  const { json } = await coverslip('ingest', join(folder, 'other.svs'), '--project', 'ruled')
  const state = async () =>
    (await (await system.fetch(`/api/intake/slides/${json[0]!.id}`)).json()) as { state: string; reason: string }
  await expect
    .poll(state, { timeout: 30_000 })
    .toMatchObject({ state: 'held', reason: 'information: not known: organ' })
  expect((await coverslip('manifest', join(folder, 'list.csv'), '--project', 'ruled')).code).toBe(0)
  await expect.poll(state, { timeout: 30_000 }).toMatchObject({ state: 'ready' })
})

test('a manifest with bad lines stops an ingest, and says which', async () => {
  await writeFile(join(folder, 'bad.csv'), 'file,organ\nhong.svs,KNEE\n')
  const { code, err } = await coverslip('ingest', join(folder, 'hong.svs'), '--manifest', join(folder, 'bad.csv'))
  expect(code).toBe(1)
  expect(err).toContain('line 2: organ: expected a code of the vocabulary')
})

test('withdrawn: nothing of the subject is left anywhere, whoever downloaded is named, other slides stay', async () => {
  const reader = await system.token({ sub: 'a-reader', roles: {}, level: 3 })
  for (const path of ['original', 'pyramid', 'annotations.geojson']) {
    const answer = await system.fetch(`/api/slides/${ids.hong}/${path}`, { token: reader })
    expect(answer.status).toBe(200)
    await answer.arrayBuffer()
  }
  expect(await filesOf(ids.hong!)).not.toEqual([])
  const { subject } = (await (await system.fetch(`/api/slides/${ids.hong}`)).json()) as { subject: string }
  expect(await coverslip('withdraw', subject, '--reason', 'asked for it')).toMatchObject({ code: 2 })
  expect(await coverslip('withdraw', 'ABCDEFGHJ', '--reason', 'x', '--yes')).toMatchObject({ code: 1 })

  const { code, json } = await coverslip('withdraw', subject.toLowerCase(), '--reason', 'asked for it', '--yes')
  expect(code).toBe(0)
  const proof = json[0] as unknown as Withdrawal
  expect(proof).toMatchObject({ state: 'done', subject, slides: [{ id: ids.hong, waitingFor: [] }] })
  expect(proof.slides[0]!.erased.map(({ keeper }) => keeper).sort()).toEqual([...proof.keepers].sort())
  expect(proof.downloads.map(({ user, what }) => `${user} ${what}`).sort()).toEqual([
    'a-reader annotations',
    'a-reader original',
    'a-reader pyramid',
  ])
  expect(proof.slides[0]!.erased.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(100_000)
  // Three stores and six services: seconds, on the machine of a trial.
  expect(proof.seconds).toBeLessThan(20)

  expect(await filesOf(ids.hong!)).toEqual([])
  expect((await system.fetch(`/api/slides/${ids.hong}/pyramid`)).status).toBe(404)
  expect((await system.fetch(`/api/slides/${ids.other}/pyramid`)).status).toBe(200)
  const again = await coverslip('withdraw', proof.subject, '--reason', 'asked twice', '--yes')
  expect(again.json[0]).toEqual(proof)
})

test('the same person who comes again is held', async () => {
  const { json } = await coverslip('ingest', join(folder, 'hong.svs'))
  const id = String(json[0]!.id)
  await expect
    .poll(async () => (await (await system.fetch(`/api/intake/slides/${id}`)).json()) as object, { timeout: 20_000 })
    .toMatchObject({
      state: 'held',
      reason: expect.stringContaining('withdrawn: the subject has withdrawn their consent'),
    })
})

test('a withdrawal that the process did not live to end goes on when it starts again', async () => {
  const { subject } = (await (await system.fetch(`/api/slides/${ids.other}`)).json()) as { subject: string }
  const begun = await coverslip('withdraw', subject, '--reason', 'asked for it', '--yes', '--no-wait')
  await system.stop()
  system = await start()
  const { id } = begun.json[0] as unknown as Withdrawal
  await expect
    .poll(async () => (await (await system.fetch(`/api/withdrawals/${id}`)).json()) as object, { timeout: 20_000 })
    .toMatchObject({ state: 'done' })
  expect(await filesOf(ids.other!)).toEqual([])
})

test('the log names nobody', async () => {
  expect(await readFile(join(data(), 'log.jsonl'), 'utf8')).not.toMatch(/hong|gildong|somebody/i)
})
