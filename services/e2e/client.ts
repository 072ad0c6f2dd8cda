/** A small client of the HTTP API for the suites: plain fetch, plain tus, no code of the system under test. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { IntakeSlide, Slide } from '@coverslip/proto/api.ts'
import type { Shape } from './shape.ts'

export interface Client {
  get(path: string, init?: RequestInit): Promise<Response>
  json<Answer = unknown>(path: string, init?: RequestInit): Promise<Answer>
  /** Uploads the files of one slide; each by its path on disk and its name as the scanner gave it. */
  upload(files: { name: string; bytes: Buffer; path?: string }[], project?: string): Promise<string>
  /** Waits until intake says that the slide is in this state, and fails at once when it ended in another one. */
  until(id: string, state: IntakeSlide['state'], seconds?: number): Promise<IntakeSlide>
  /** Waits until intake says how the slide ended. */
  settled(id: string, seconds?: number): Promise<IntakeSlide>
  /** Whether tiles come from the slide's pyramid by now, no longer from its original; undefined while they do not. */
  tiled(id: string): Promise<true | undefined>
  slide(id: string): Promise<Slide>
}

/** States that a slide does not leave. */
const FAILURES: readonly string[] = ['failed', 'quarantined', 'rejected']
/** States that a slide does not leave by itself. */
const ENDS: readonly string[] = [...FAILURES, 'ready', 'held', 'review']

/** A request with a JSON body. */
export const withJson = (method: 'POST' | 'PUT', body: unknown): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** @param token null: without credentials */
export function clientOf(shape: Pick<Shape, 'url' | 'token'>, token: string | null = shape.token): Client {
  const get: Client['get'] = (path, init = {}) => {
    const headers = new Headers(init.headers)
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    // A slide's description leads to that of its rendition, as viewers are led.
    const redirect = path.endsWith('.dzi') ? 'follow' : 'manual'
    return fetch(`${shape.url}${path}`, { redirect, ...init, headers })
  }
  const client: Client = {
    get,
    async json<Answer>(path: string, init?: RequestInit) {
      const answer = await get(path, init)
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${answer.status} ${text}`)
      return (text === '' ? undefined : JSON.parse(text)) as Answer
    },
    async upload(files, project) {
      const set: Record<string, string> = files.length > 1 ? { set: randomUUID(), setSize: String(files.length) } : {}
      if (project) set.project = project
      let id = ''
      for (const { name, bytes, path } of files) {
        id = await uploadOne(get, bytes, { filename: name, ...set, ...(path && files.length > 1 ? { path } : {}) })
      }
      return id
    },
    async tiled(id) {
      const { ok, url } = await get(`/tiles/${id}.dzi`)
      return ok && !url.endsWith('-original.dzi') ? true : undefined
    },
    settled: (id, seconds = 120) =>
      eventually(seconds, `slide ${id} to settle`, async () => {
        const slide = await client.json<IntakeSlide>(`/api/intake/slides/${id}`)
        return ENDS.includes(slide.state) ? slide : undefined
      }),
    async until(id, state, seconds = 120) {
      const reached = await eventually(seconds, `slide ${id} to be ${state}`, async () => {
        const slide = await client.json<IntakeSlide>(`/api/intake/slides/${id}`)
        return slide.state === state || FAILURES.includes(slide.state) ? slide : undefined
      })
      if (reached.state !== state) throw new Error(`slide ${id} is ${reached.state}, not ${state}: ${reached.reason}`)
      return reached
    },
    slide: id => client.json<Slide>(`/api/slides/${id}`),
  }
  return client
}

async function uploadOne(get: Client['get'], bytes: Buffer, metadata: Record<string, string>): Promise<string> {
  const created = await createUpload(get, bytes.length, metadata)
  const answer = await get(created.location, { method: 'PATCH', headers: patchHeaders(0), body: new Uint8Array(bytes) })
  if (answer.status !== 204) throw new Error(`PATCH: ${answer.status} ${await answer.text()}`)
  return created.slideId
}

/** Begins a tus upload. */
export async function createUpload(
  get: Client['get'],
  length: number,
  metadata: Record<string, string>,
): Promise<{ location: string; slideId: string }> {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
  const headers = { 'tus-resumable': '1.0.0', 'upload-length': String(length), 'upload-metadata': pairs.join(',') }
  const answer = await get('/api/intake/uploads', { method: 'POST', headers })
  if (answer.status !== 201) throw new Error(`POST upload: ${answer.status} ${await answer.text()}`)
  const location = new URL(answer.headers.get('location')!, 'http://base').pathname
  return { location, slideId: answer.headers.get('coverslip-slide-id')! }
}

export const patchHeaders = (offset: number): Record<string, string> => ({
  'tus-resumable': '1.0.0',
  'upload-offset': String(offset),
  'content-type': 'application/offset+octet-stream',
})

/** Polls until `look` finds something. @throws Error that says what was waited for */
export async function eventually<Found>(
  seconds: number,
  what: string,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  const deadline = Date.now() + seconds * 1000
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined) return found
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`, { cause: last })
    await sleep(150)
  }
}
