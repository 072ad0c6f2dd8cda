/** A scanner's load: hundreds of slides at once, over HTTP and from a watched folder, on limits that bite. */
import { randomBytes, randomUUID } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { access } from '@coverslip/access/module.ts'
import { runCommand } from '@coverslip/cli/program.ts'
import { intakeGateway } from '@coverslip/gateway/intake/module.ts'
import { ingest } from '@coverslip/ingest/module.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { watchedFolders } from '@coverslip/proto/api/schemas.ts'
import type { IntakeSlide } from '@coverslip/proto/api.ts'
import { subjects } from '@coverslip/subjects/module.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const SLIDES = 400
const TUS = { 'tus-resumable': '1.0.0' }

let folder: string
let scans: string
let system: TestSystem
let slide: Buffer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-many-'))
  scans = join(folder, 'scans')
  await mkdir(scans)
  await writeSyntheticSlide(join(folder, 'slide.svs'), { width: 600, height: 500, workers: 1 })
  slide = await readFile(join(folder, 'slide.svs'))
  system = await startSystem([access, subjects, ingest, intakeGateway], {
    environment: {
      INGEST_UPLOADS_PER_USER: '4',
      INGEST_QUEUE: '30',
      WATCH_FOLDERS: `${scans}=watched`,
      WATCH_SETTLE: '300ms',
      WATCH_EVERY: '100ms',
    },
  })
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A slide that nobody has sent before: what lies behind its last page is never read. */
const another = (): Buffer => Buffer.concat([slide, randomBytes(16)])

let busy = 0
/** As any polite client: comes back when it is asked to. */
async function patiently(path: string, init: RequestInit): Promise<Response> {
  for (;;) {
    const answer = await system.fetch(path, init)
    if (answer.status !== 429 && answer.status !== 503) return answer
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    await answer.arrayBuffer()
    busy += 1
    await sleep(300)
  }
}

async function upload(bytes: Buffer, name: string): Promise<string> {
  const metadata = `filename ${Buffer.from(name).toString('base64')}`
  const begun = await patiently('/api/intake/uploads', {
    method: 'POST',
    headers: { ...TUS, 'upload-length': String(bytes.length), 'upload-metadata': metadata },
  })
  expect(begun.status).toBe(201)
  const headers = { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
  const sent = await patiently(begun.headers.get('location')!, {
    method: 'PATCH',
    headers,
    body: new Uint8Array(bytes),
  })
  expect(sent.status).toBe(204)
  return begun.headers.get('coverslip-slide-id')!
}

async function all(): Promise<IntakeSlide[]> {
  const answer = (await (await system.fetch('/api/intake/slides?limit=1000')).json()) as { slides: IntakeSlide[] }
  return answer.slides
}

describe(`${SLIDES} slides at once`, () => {
  test('wait for their turn, all arrive, and memory stays flat', async () => {
    const names = Array.from({ length: SLIDES }, (_, i) => `scan-${i}.svs`)
    const before = process.memoryUsage().rss
    let highest = before
    const watching = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss)
    }, 50)
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const mine: string[] = []
        for (let name = names.pop(); name; name = names.pop()) mine.push(await upload(another(), name))
        return mine
      }),
    )
    const arrived = async () =>
      (await all()).filter(({ state, format }) => state === 'received' && format !== null).length
    await expect.poll(arrived, { timeout: 120_000, interval: 1000 }).toBe(SLIDES)
    clearInterval(watching)
    expect(new Set(ids.flat()).size).toBe(SLIDES)
    const slides = await all()
    expect(new Set(slides.map(({ researchNumber }) => researchNumber)).size).toBe(SLIDES)
    // The slides themselves are some 100 MB; the bound holds the test's own copies, too.
    expect(highest - before).toBeLessThan(400 * 1024 * 1024)
  }, 240_000)

  test('more than may wait are asked to come back', () => {
    expect(busy).toBeGreaterThan(0)
  })
})

describe('coverslip ingest', () => {
  test('says of a slide that is there that it is, and succeeds', async () => {
    const path = join(folder, 'once.svs')
    await writeFile(path, another())
    const id = await upload(await readFile(path), 'as somebody else called it.svs')
    await expect.poll(async () => (await all()).find(one => one.id === id)?.format).toBe('aperio')
    let out = ''
    const code = await runCommand(['ingest', path, '--wait', '--json'], {
      environment: { COVERSLIP_URL: system.url, COVERSLIP_TOKEN: await system.token() },
      out: { write: (text: string) => (out += text) } as never,
      screen: { write: () => true } as never,
      signal: new AbortController().signal,
    })
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { id: expect.any(String), state: 'duplicate', reason: expect.stringContaining(id), file: path },
    ])
  })
})

describe('a watched folder', () => {
  const watched = async (token?: string) =>
    watchedFolders.parse(await (await system.fetch('/api/intake/watch', token ? { token } : {})).json())

  test('gives its slides to the project, and is seen by its stewards alone', async () => {
    await copyFile(join(folder, 'slide.svs'), join(scans, 'DOE JANE.svs'))
    await writeFile(join(scans, 'torn.svs'), slide.subarray(0, 5000))
    const mine = async () => (await all()).filter(({ project, format }) => project === 'watched' && format !== null)
    await expect.poll(async () => (await mine()).length, { timeout: 20_000 }).toBe(1)
    expect(await mine()).toMatchObject([{ sourceName: 'DOE JANE.svs', state: 'received' }])
    const [steward, stranger] = await Promise.all([
      system.token({ sub: randomUUID(), roles: { watched: 'steward' } }),
      system.token({ sub: randomUUID(), roles: { other: 'steward' } }),
    ])
    const seen = (await watched(steward)).folders[0]!
    expect(seen).toMatchObject({ folder: scans, taken: 1, problem: null, waiting: [{ name: 'torn.svs' }] })
    expect(await watched(stranger)).toEqual({ folders: [] })
  })

  test('and what it is called is in no log', async () => {
    const log = await readFile(join(system.data, 'log.jsonl'), 'utf8')
    expect(log).toContain('"ready"')
    expect(log).not.toMatch(/DOE|torn\.svs|scan-\d/)
  })
})

describe('annotations that come alone', () => {
  const late = async (name: string) => {
    const metadata = `filename ${Buffer.from(name).toString('base64')}`
    const headers = { ...TUS, 'upload-length': '13', 'upload-metadata': metadata }
    return system.fetch('/api/intake/uploads', { method: 'POST', headers })
  }

  test('go to the slide of their name; without one they are refused with the reason', async () => {
    const id = await upload(another(), 'HONG-77.svs')
    const begun = await late('hong-77.xml')
    expect([begun.status, begun.headers.get('coverslip-slide-id')]).toEqual([201, id])
    const headers = { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' }
    const location = begun.headers.get('location')!
    expect((await system.fetch(location, { method: 'PATCH', headers, body: '<Annotations/>'.slice(1) })).status).toBe(
      204,
    )
    await expect
      .poll(async () => (await all()).find(one => one.id === id)?.annotationFiles, { timeout: 20_000 })
      .toBe(1)
    const refused = await late('nobody.xml')
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
      404,
      expect.stringMatching(/under this name/),
    ])
  })
})
