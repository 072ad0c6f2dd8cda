import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { IngestServiceDefinition } from '@coverslip/proto/gen/ingest/v1/ingest.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ingest } from '../module.ts'

const UPLOADS = '/api/intake/uploads'
const PER_USER = 4
const TUS = { 'tus-resumable': '1.0.0' }
const BYTES = { ...TUS, 'content-type': 'application/offset+octet-stream' }

let system: TestSystem
let records: Awaited<ReturnType<typeof rpcAs<typeof IngestServiceDefinition>>>
beforeAll(async () => {
  const environment = { UPLOAD_MAX_BYTES: '1m', INGEST_FREE_FLOOR: '1m', INGEST_UPLOADS_PER_USER: `${PER_USER}` }
  system = await startSystem([ingest], { environment })
  records = await rpcAs(system, 'intake', 'ingest', IngestServiceDefinition)
})
afterAll(async () => {
  records.close()
  await system.stop()
})

const encode = (pairs: Record<string, string>) =>
  Object.entries(pairs)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')

interface Begun {
  status: number
  location: string
  slideId: string
}

async function begin(size: number, metadata: Record<string, string>, token?: string | null): Promise<Begun> {
  const answer = await system.fetch(UPLOADS, {
    method: 'POST',
    headers: { ...TUS, 'upload-length': String(size), 'upload-metadata': encode(metadata) },
    ...(token === undefined ? {} : { token }),
  })
  await answer.arrayBuffer()
  const { headers, status } = answer
  return { status, location: headers.get('location') ?? '', slideId: headers.get('coverslip-slide-id') ?? '' }
}

const patch = (location: string, offset: number, body: string, token?: string) =>
  system.fetch(location, {
    method: 'PATCH',
    headers: { ...BYTES, 'upload-offset': String(offset) },
    body,
    ...(token ? { token } : {}),
  })
const head = (location: string, token?: string) =>
  system.fetch(location, { method: 'HEAD', headers: TUS, ...(token ? { token } : {}) })

async function arrived(slideId: string) {
  for (let i = 0; i < 200; i++) {
    const { slide } = await records.client.getIntake({ slideId })
    if (slide?.state === 'failed') return slide
    await sleep(50)
  }
  throw new Error('the slide did not arrive')
}

describe('an upload', () => {
  it('goes in parts, resumes, and becomes a slide of the same id', async () => {
    const { status, location, slideId } = await begin(10, { filename: 'DOE.svs' })
    expect(status).toBe(201)
    expect(location).toMatch(/^\/api\/intake\/uploads\/[0-9a-f-]{36}$/)
    const first = await patch(location, 0, 'not a ')
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, '6'])
    const where = await head(location)
    expect([where.headers.get('upload-offset'), where.headers.get('upload-length')]).toEqual(['6', '10'])
    expect(where.headers.get('coverslip-slide-id')).toBe(slideId)
    expect((await patch(location, 3, 'x')).status).toBe(409)
    expect((await patch(location, 6, 'tiff')).status).toBe(204)
    expect(await arrived(slideId)).toMatchObject({ sourceName: 'DOE.svs', code: 'not-a-slide', sourceBytes: 10n })
  })

  it('that is complete still answers to a client that has not heard of it', async () => {
    const { location, slideId } = await begin(3, { filename: 'a' })
    await patch(location, 0, 'abc')
    await arrived(slideId)
    const answer = await head(location)
    expect([answer.status, answer.headers.get('upload-offset')]).toEqual([200, '3'])
    expect((await patch(location, 3, '')).status).toBe(204)
    expect((await patch(location, 0, 'abc')).status).toBe(409)
    expect((await system.fetch(location, { method: 'DELETE', headers: TUS })).status).toBe(403)
  })

  it('comes with its POST', async () => {
    const answer = await system.fetch(UPLOADS, {
      method: 'POST',
      headers: { ...BYTES, 'upload-length': '3', 'upload-metadata': encode({ filename: 'a' }) },
      body: 'abc',
    })
    expect(answer.status).toBe(201)
    await arrived(answer.headers.get('coverslip-slide-id')!)
  })

  it('keeps what came when the connection breaks', async () => {
    const { location } = await begin(100, { filename: 'a' })
    const headers = {
      ...BYTES,
      'upload-offset': '0',
      'content-length': '100',
      authorization: `Bearer ${await system.token()}`,
    }
    await new Promise<void>(resolve => {
      const broken = request(`${system.url}${location}`, { method: 'PATCH', headers })
      broken.on('error', () => resolve())
      broken.write('x'.repeat(40), () => setTimeout(() => broken.destroy(), 300))
    })
    const answer = await head(location)
    expect(answer.headers.get('upload-offset')).toBe('40')
    expect((await patch(location, 40, 'y'.repeat(60))).status).toBe(204)
  })

  it('can be given up, its slide with it', async () => {
    const { location, slideId } = await begin(10, { filename: 'a' })
    await patch(location, 0, 'abc')
    expect((await system.fetch(location, { method: 'DELETE', headers: TUS })).status).toBe(204)
    expect((await head(location)).status).toBe(404)
    await expect(records.client.getIntake({ slideId })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is never given out', async () => {
    const { location } = await begin(10, { filename: 'a' })
    const answer = await system.fetch(location)
    expect([answer.status, await answer.text()]).toEqual([405, ''])
  })

  it('is refused when it is too large, nameless or senseless, and leaves nothing', async () => {
    const before = await records.client.listIntake({ projects: ['*'], limit: 1000, cursor: '' })
    expect((await begin(2 * 1024 * 1024, { filename: 'a' })).status).toBe(413)
    expect((await begin(1, {})).status).toBe(400)
    expect((await begin(-1, { filename: 'a' })).status).toBe(400)
    const after = await records.client.listIntake({ projects: ['*'], limit: 1000, cursor: '' })
    expect(after.slides.map(({ slideId }) => slideId)).toEqual(before.slides.map(({ slideId }) => slideId))
  })

  it('lets no other site in', async () => {
    const { location } = await begin(1, { filename: 'a' })
    const answer = await system.fetch(location, { method: 'HEAD', headers: { ...TUS, origin: 'https://evil.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    const foreign = { ...TUS, origin: 'https://evil.example' }
    expect((await system.fetch(location, { method: 'DELETE', headers: foreign })).status).toBe(403)
  })
})

describe('the metrics', () => {
  const failures = async (reason: string): Promise<number> => {
    const text = await (await fetch(system.metricsUrl)).text()
    return Number(new RegExp(`coverslip_upload_failures_total\\{error_type="${reason}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
  }

  it('tell why uploads fail: refused, at the wrong place, cut off by their clients', async () => {
    const before = await Promise.all(['too-large', 'conflict', 'interrupted'].map(failures))
    await begin(2_000_000, { filename: 'a.svs' })
    const { location } = await begin(10, { filename: 'a.svs' })
    await (await patch(location, 5, 'bytes')).arrayBuffer()
    const { hostname, port } = new URL(system.url)
    const headers = { ...BYTES, 'upload-offset': '0', 'content-length': '10' }
    const authorization = `Bearer ${await system.token()}`
    const half = request({ hostname, port, path: location, method: 'PATCH', headers: { ...headers, authorization } })
    half.on('error', () => {})
    half.write('12345')
    await sleep(300)
    half.destroy()
    await vi.waitFor(async () => {
      const after = await Promise.all(['too-large', 'conflict', 'interrupted'].map(failures))
      expect(after.map((count, i) => count - before[i]!)).toEqual([1, 1, 1])
    }, 5000)
  })
})

describe('clients that leave', () => {
  it('give back their places: as many as one user may have, and then one more', async () => {
    const { hostname, port } = new URL(system.url)
    const authorization = `Bearer ${await system.token()}`
    for (let i = 0; i < PER_USER; i++) {
      const { location } = await begin(100, { filename: 'a.svs' })
      const headers = { ...BYTES, 'upload-offset': '0', 'content-length': '100', authorization }
      const half = request({ hostname, port, path: location, method: 'PATCH', headers })
      half.on('error', () => {})
      await new Promise<void>(resolve => half.write('12345', () => setTimeout(resolve, 200)))
      half.destroy()
    }
    const { location } = await begin(5, { filename: 'a.svs' })
    expect((await patch(location, 0, 'bytes')).status).toBe(204)
  })
})

describe('the log', () => {
  it('names no source', async () => {
    const log = await readFile(join(system.data, 'log.jsonl'), 'utf8')
    expect(log).toContain('"ready"')
    expect(log).not.toMatch(/DOE/)
  })
})

describe('a set', () => {
  it('is one slide, complete with its last file', async () => {
    const set = randomUUID()
    const file = (path: string) => begin(3, { filename: path, set, path, setSize: '2' })
    const [a, b] = [await file('DOE/a.dat'), await file('DOE.mrxs')]
    expect(a.slideId).toBe(b.slideId)
    await patch(a.location, 0, 'abc')
    await sleep(300)
    expect((await records.client.getIntake({ slideId: a.slideId })).slide).toMatchObject({ state: 'received' })
    await patch(b.location, 0, 'abc')
    expect(await arrived(a.slideId)).toMatchObject({ sourceBytes: 6n })
  })

  it('refuses paths out of its folder and files that came already', async () => {
    const set = randomUUID()
    const file = (path: string) => begin(3, { filename: 'a', set, path, setSize: '3' })
    expect((await file('../a')).status).toBe(400)
    expect((await file('/a')).status).toBe(400)
    const first = await file('a')
    // The answer to the first POST was lost: nothing has come, so the client may begin again.
    const again = await file('a')
    expect([again.status, again.slideId]).toEqual([201, first.slideId])
    expect((await head(first.location)).status).toBe(404)
    await patch(again.location, 0, 'ab')
    expect((await file('a')).status).toBe(409)
  })
})

describe('somebody else', () => {
  it('finds no upload, wherever they stand', async () => {
    const { location } = await begin(10, { filename: 'a', project: 'p1' })
    const other = (roles: Record<string, 'owner' | 'steward' | 'annotator'>) => system.token({ sub: 'other', roles })
    const annotator = await other({ p1: 'annotator' })
    const stranger = await other({ p2: 'owner' })
    for (const token of [annotator, stranger]) {
      expect((await head(location, token)).status).toBe(404)
      expect((await patch(location, 0, 'abc', token)).status).toBe(404)
    }
    expect((await begin(1, { filename: 'a', project: 'p1' }, annotator)).status).toBe(403)
    expect((await begin(1, { filename: 'a', project: 'p1' }, stranger)).status).toBe(404)
    expect((await begin(1, { filename: 'a' }, null)).status).toBe(401)
    expect((await head(location, await other({ p1: 'steward' }))).status).toBe(200)
  })
})

describe('a restart', () => {
  it('finishes a slide whose last byte was not noted, and goes on with a half upload', async () => {
    const data = await mkdtemp(join(tmpdir(), 'coverslip-restart-'))
    const first = await startSystem([ingest], { data })
    const post = (filename: string) => {
      const headers = { ...TUS, 'upload-length': '4', 'upload-metadata': encode({ filename }) }
      return first.fetch(UPLOADS, { method: 'POST', headers })
    }
    const [half, whole] = [await post('half'), await post('whole')]
    const placeOf = (answer: Response) => answer.headers.get('location')!
    const idOf = (answer: Response) => placeOf(answer).split('/').at(-1)!
    await first.fetch(placeOf(half), { method: 'PATCH', headers: { ...BYTES, 'upload-offset': '0' }, body: 'ab' })
    // As when the process dies between the last byte and the note of it.
    await writeFile(join(data, 'source/.uploads', idOf(whole)), 'abcd')
    await first.stop()

    const second = await startSystem([ingest], { data, environment: { INGEST_FREE_FLOOR: '1000t' } })
    const { client, close } = await rpcAs(second, 'intake', 'ingest', IngestServiceDefinition)
    try {
      const slideId = whole.headers.get('coverslip-slide-id')!
      await expect
        .poll(async () => (await client.getIntake({ slideId })).slide?.state, { timeout: 10_000 })
        .toBe('failed')
      const where = await second.fetch(placeOf(half), { method: 'HEAD', headers: TUS })
      expect(where.headers.get('upload-offset')).toBe('2')
      // And the disk is said to be full by now.
      const more = { method: 'PATCH', headers: { ...BYTES, 'upload-offset': '2' }, body: 'cd' }
      expect((await second.fetch(placeOf(half), more)).status).toBe(507)
      const headers = { ...TUS, 'upload-length': '4', 'upload-metadata': encode({ filename: 'a' }) }
      expect((await second.fetch(UPLOADS, { method: 'POST', headers })).status).toBe(507)
    } finally {
      close()
      await second.stop()
      await rm(data, { recursive: true })
    }
  })
})
