/** Heat maps through the doors of the service. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import type { OverlayList, OverlayView } from '@coverslip/proto/api/overlays.ts'
import { stopsOf } from '@coverslip/proto/api/palettes.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tiles } from '../module.ts'
import { makeServedSlides } from '../testing/served-slide.ts'

let data: string
let system: TestSystem
let id: string
let other: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-overlays-'))
  const made = await makeServedSlides(data, { width: 700, height: 600, count: 2 })
  ;[id, other] = made.map(({ slideId }) => slideId) as [string, string]
  system = await startSystem([tiles], { data })
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

type Options = { token?: string | null; slide?: string; body?: string | Buffer<ArrayBuffer> }
const upload = (query: string, { token, slide = id, body = '[[0, 0.5], [null, 1]]' }: Options = {}) =>
  system.fetch(`/api/slides/${slide}/overlays?${query}`, {
    ...(token !== undefined && { token }),
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body,
  })
const uploaded = async (query: string): Promise<OverlayView> => (await upload(query)).json() as Promise<OverlayView>
const list = async (token?: string): Promise<OverlayView[]> => {
  const answer = await system.fetch(`/api/slides/${id}/overlays`, token ? { token } : {})
  return ((await answer.json()) as OverlayList).overlays
}
const tileOf = (overlay: OverlayView, rest: string) => system.fetch(`/tiles/${id}/overlays/${overlay.id}/${rest}`)

async function pixelsOf(answer: Response) {
  const picture = sharp(Buffer.from(await answer.arrayBuffer()))
    .ensureAlpha()
    .raw()
  const { data, info } = await picture.toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number) => [...data.subarray(4 * (y * info.width + x), 4 * (y * info.width + x) + 4)]
  return { width: info.width, height: info.height, at }
}
const CLEAR = [0, 0, 0, 0]
const colour = (hex: string, alpha = 255) => [...Buffer.from(hex.slice(1), 'hex'), alpha]

test('a heat map is laid over a slide, listed, shown and deleted', async () => {
  const answer = await upload('name=Tumour&x=100&y=100&width=400&height=400')
  expect(answer.status).toBe(201)
  const overlay = (await answer.json()) as OverlayView
  const place = { x: 100, y: 100, width: 400, height: 400, columns: 2, rows: 2 }
  expect(overlay).toMatchObject({ name: 'Tumour', ...place, low: 0, high: 1, min: 0, max: 1 })
  expect(await list()).toEqual([overlay])

  const tile = await tileOf(overlay, '0/0_0.png')
  expect([tile.status, tile.headers.get('content-type')]).toEqual([200, 'image/png'])
  expect(tile.headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
  const { width, height, at } = await pixelsOf(tile)
  const [first, last] = [stopsOf('viridis')[0]!, stopsOf('viridis').at(-1)!]
  expect([width, height, at(99, 200), at(100, 200)]).toEqual([256, 256, CLEAR, colour(first)])
  const small = await pixelsOf(await tileOf(overlay, '2/0_0.png?palette=grey&opacity=0.4'))
  expect([small.width, small.height]).toEqual([175, 150])
  expect([small.at(30, 30), small.at(30, 100), small.at(100, 100)]).toEqual([
    [0, 0, 0, 102],
    CLEAR,
    [255, 255, 255, 102],
  ])
  const edge = await pixelsOf(await tileOf(overlay, '0/1_1.png'))
  expect([edge.at(243, 243), edge.at(244, 243)]).toEqual([colour(last), CLEAR])
  const part = await pixelsOf(await tileOf(overlay, '0/1_1.png?min=0.6&max=0.9'))
  expect([part.at(100, 10), part.at(100, 60)]).toEqual([CLEAR, colour(last)])

  expect((await system.fetch(`/api/slides/${id}/overlays/${overlay.id}`, { method: 'DELETE' })).status).toBe(204)
  expect(await list()).toEqual([])
  expect((await tileOf(overlay, '0/0_0.png')).status).toBe(404)
  expect((await system.fetch(`/api/slides/${id}/overlays/${overlay.id}`, { method: 'DELETE' })).status).toBe(404)
})

test('another colour is not another picture to be made', async () => {
  const overlay = await uploaded('name=Once')
  expect(overlay).toMatchObject({ x: 0, y: 0, width: 700, height: 600 })
  const from = async (query: string) => {
    const answer = await tileOf(overlay, `0/2_2.png?${query}`)
    return [answer.headers.get('server-timing'), (await pixelsOf(answer)).at(0, 0)[3]]
  }
  expect(await from('palette=magma')).toEqual(['cache;desc=loaded', 255])
  expect(await from('palette=diverging&opacity=0.2')).toEqual(['cache;desc=memory', 51])
  expect(await from('min=0.2')).toEqual(['cache;desc=loaded', 255])
})

test('the same tile is not sent twice, another one is', async () => {
  const overlay = await uploaded('name=Tags')
  const etag = (await tileOf(overlay, '0/0_0.png')).headers.get('etag')!
  const again = (rest: string) =>
    system.fetch(`/tiles/${id}/overlays/${overlay.id}/${rest}`, { headers: { 'if-none-match': etag } })
  expect((await again('0/0_0.png')).status).toBe(304)
  for (const rest of ['0/0_0.png?palette=magma', '0/0_0.png?opacity=0.9', '0/0_0.png?max=2', '1/0_0.png'])
    expect((await again(rest)).status).toBe(200)
  const head = await system.fetch(`/tiles/${id}/overlays/${overlay.id}/0/0_0.png`, { method: 'HEAD' })
  expect([head.status, head.headers.get('etag'), (await head.arrayBuffer()).byteLength]).toEqual([200, etag, 0])
})

test('what is no tile, no colour or no heat map is said', async () => {
  const overlay = await uploaded('name=Wrong&min=-1&max=3')
  expect([overlay.min, overlay.max]).toEqual([-1, 3])
  for (const rest of ['0/3_0.png', '0/0_3.png', '11/0_0.png', '0/x_0.png', '00/0_0.png'])
    expect((await tileOf(overlay, rest)).status).toBe(404)
  expect((await tileOf(overlay, '10/0_0.png')).status).toBe(200)
  for (const rest of ['palette=pink', 'opacity=2', 'min=x'])
    expect((await tileOf(overlay, `0/0_0.png?${rest}`)).status).toBe(400)
  for (const query of [
    '',
    'name=a&width=0',
    'name=a&x=700',
    'name=a&x=-50&width=40',
    'name=a&min=2&max=1',
    'name=a&min=x',
  ])
    expect([query, (await upload(query)).status]).toEqual([query, 400])
  const refused = await upload('name=a', { body: '[[1, 2], [3]]' })
  expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
    400,
    'The grid must have rows of equal length',
  ])
  const before = await list()
  expect((await upload('name=a', { body: Buffer.alloc(34 * 2 ** 20) })).status).toBe(413)
  expect(await list()).toEqual(before)
})

test('whoever sees the slide sees its heat maps; who may draw may lay them', async () => {
  const overlay = await uploaded('name=Rights')
  const tile = (token: string | null) => system.fetch(`/tiles/${id}/overlays/${overlay.id}/0/0_0.png`, { token })
  const remove = (token: string | null) =>
    system.fetch(`/api/slides/${id}/overlays/${overlay.id}`, { method: 'DELETE', token })
  const viewer = await system.token({ roles: { default: 'viewer' }, level: 0 })
  const stranger = await system.token({ roles: {}, level: 0 })
  const elsewhere = await system.token({ roles: { default: 'viewer' }, level: 0, slides: [other] })
  const statuses = async (token: string | null) => [
    (await system.fetch(`/api/slides/${id}/overlays`, { token })).status,
    (await tile(token)).status,
    (await upload('name=a', { token })).status,
    (await remove(token)).status,
  ]
  expect(await statuses(viewer)).toEqual([200, 200, 403, 403])
  expect(await statuses(stranger)).toEqual([404, 404, 404, 404])
  expect(await statuses(elsewhere)).toEqual([404, 404, 404, 404])
  expect(await statuses(null)).toEqual([401, 401, 401, 401])
  expect((await upload('name=a', { slide: randomUUID() })).status).toBe(404)
  // Nothing of one slide is had by way of another.
  expect((await system.fetch(`/tiles/${other}/overlays/${overlay.id}/0/0_0.png`)).status).toBe(404)
  const annotator = await system.token({ roles: { default: 'annotator' }, level: 0 })
  expect((await statuses(annotator)).slice(2)).toEqual([201, 204])
})

/** An upload that the service has begun to take, and that goes on until it is ended. */
async function slowUpload() {
  const headers = {
    authorization: `Bearer ${await system.token()}`,
    'content-type': 'application/octet-stream',
    expect: '100-continue',
  }
  const sent = request(`${system.url}/api/slides/${id}/overlays?name=Slow`, { method: 'POST', headers })
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>
  sent.flushHeaders()
  await once(sent, 'continue')
  // A call that waits for the same things and more has been answered: this one is where it reads.
  await list()
  return async () => {
    sent.end('[[0, 1]]')
    const [answer] = await answered
    answer.resume()
    return answer.statusCode
  }
}

test('two are taken at once; who comes then is told to come again, and may when one is done', async () => {
  const endings = [await slowUpload(), await slowUpload()]
  expect((await upload('name=Third')).status).toBe(503)
  for (const end of endings) expect(await end()).toBe(201)
  expect((await upload('name=Fourth')).status).toBe(201)
})
