/** Tiles by the quick way and the ordinary one, through the doors of the service. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tiles } from '../module.ts'
import { makeServedSlides } from '../testing/served-slide.ts'

let data: string
let system: TestSystem
let id: string
let token: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-hot-'))
  id = (await makeServedSlides(data, { width: 1500, height: 1100 }))[0]!.slideId
  system = await startSystem([tiles], { data })
  token = await system.token()
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

const get = (path: string, init: RequestInit = {}) => system.fetch(path, { token, ...init })
const tile = (place: string, format = 'jpeg') => `/tiles/${id}/1_files/${place}.${format}`
const timing = (answer: Response) => answer.headers.get('server-timing')
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

test('the description leads to that of the rendition to show now, whose tiles are at an address for ever', async () => {
  const led = await get(`/tiles/${id}.dzi`)
  expect([led.status, led.headers.get('location')]).toEqual([302, `/tiles/${id}/1.dzi`])
  expect(led.headers.get('cache-control')).toBe('private, max-age=60')
  const document = await (await get(`/tiles/${id}/1.dzi`)).text()
  expect(document).toContain('TileSize="256"><Size Width="1500" Height="1100"/>')
  const url = /Url="([^"]+)"/.exec(document)![1]!
  expect(url).toBe(`${system.url}/tiles/${id}/1_files/`)
  expect((await get(`${new URL(url).pathname}11/0_0.jpeg`)).headers.get('cache-control')).toMatch(/immutable/)
})

test('a tile comes first from the file, then from the page cache or memory, always the same', async () => {
  const loaded = await get(tile('11/2_1'))
  expect(loaded.status).toBe(200)
  const first = await bytesOf(loaded)
  expect(decodeRgb(first)).toMatchObject({ width: 256, height: 256 })
  const warm = await get(tile('11/2_1'))
  expect(timing(warm)).toBe('cache;desc=memory')
  expect(await bytesOf(warm)).toEqual(first)
  expect(warm.headers.get('etag')).toBe(loaded.headers.get('etag'))
  expect(warm.headers.get('content-length')).toBe(String(first.length))
  for (const name of ['cache-control', 'content-type', 'cross-origin-resource-policy', 'x-content-type-options'])
    expect([name, warm.headers.get(name)]).toEqual([name, loaded.headers.get(name)])
})

test('the quick way and the ordinary one give the same bytes for every tile', async () => {
  const places = Array.from({ length: 30 }, (_, i) => `11/${i % 6}_${Math.floor(i / 6)}`)
  for (const place of places) {
    // The address without a rendition is left to the routes, and fills the same memory.
    const quick = await get(tile(place))
    const ordinary = await get(`/tiles/${id}/1_files/${place}.jpeg?again`)
    expect(await bytesOf(quick)).toEqual(await bytesOf(ordinary))
  }
})

test('a browser that has the tile is told so; HEAD tells what GET would', async () => {
  await get(tile('11/1_1'))
  const etag = (await get(tile('11/1_1'))).headers.get('etag')!
  for (const held of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await get(tile('11/1_1'), { headers: { 'if-none-match': held } })
    expect([held, answer.status, answer.headers.get('etag')]).toEqual([held, 304, etag])
  }
  expect((await get(tile('11/1_1'), { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  const [head, body] = [await get(tile('11/1_1'), { method: 'HEAD' }), await get(tile('11/1_1'))]
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect(head.headers.get('content-length')).toBe(body.headers.get('content-length'))
})

test.each(['11/6_0', '11/0_5', '12/0_0', '11/01_0', '11/x_0', '99999999/0_0'])('there is no tile %s', async place => {
  const answer = await get(tile(place))
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
})

test('a rendition that the slide does not have is not there', async () => {
  for (const name of ['2', '1-original', '01', 'x']) {
    expect((await get(`/tiles/${id}/${name}_files/11/0_0.jpeg`)).status).toBe(404)
    expect((await get(`/tiles/${id}/${name}.dzi`)).status).toBe(404)
  }
})

test('tiles come in other formats, and as they are stored', async () => {
  for (const [format, type, magic] of [
    ['webp', 'image/webp', /^RIFF....WEBP/s],
    ['png', 'image/png', /^.PNG/s],
    ['avif', 'image/avif', /ftypavif/],
  ] as const) {
    const answer = await get(tile('11/1_2', format))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect((await bytesOf(answer)).toString('latin1').slice(0, 40)).toMatch(magic)
  }
  expect((await get(tile('11/1_2', 'gif'))).status).toBe(404)
  const deepZoom = await bytesOf(await get(tile('10/2_1')))
  for (const path of [`/tiles/${id}/1/1/2_1`, `/tiles/${id}/1/1/2_1.jpeg`]) {
    expect(await bytesOf(await get(path))).toEqual(deepZoom)
  }
  expect((await get(`/tiles/${id}/1/1/3_0`)).status).toBe(404)
  expect((await get(`/tiles/${id}/1/9/0_0`)).status).toBe(404)
})

test('tiles are counted by where they came from, and timed', async () => {
  await get(tile('11/3_3'))
  await get(tile('11/3_3'))
  const metrics = await (await fetch(system.metricsUrl)).text()
  expect(metrics).toMatch(/coverslip_tile_seconds_count\{coverslip_cache="memory"\} [1-9]/)
  expect(metrics).toMatch(/coverslip_tile_seconds_bucket\{coverslip_cache="memory",le="\+Inf"\} [1-9]/)
  expect(metrics).toMatch(/coverslip_tiles_memory_bytes [1-9]/)
})

test('a slide that is looked at for longer than its row is remembered stays quick', async () => {
  for (let i = 0; i < 8; i += 1) {
    const answer = await get(tile('11/2_2'))
    if (i > 1) expect(timing(answer)).toBe('cache;desc=memory')
    await sleep(450)
  }
})
