/** Originals, regions and IIIF pictures through the doors of the service. */

import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { Geometry, Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { convert } from '@coverslip/wsi/convert/index.ts'
import { describeSlide, openSlide } from '@coverslip/wsi/open.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { decodeRgb } from '@coverslip/wsi/turbojpeg.ts'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '../migrations/index.ts'
import { tiles } from '../module.ts'
import { createFetched } from '../renditions/fetched.ts'
import { createReaders } from '../renditions/readers.ts'
import { onDeidentified } from '../slides/deidentified.ts'
import { saveRendition, type Tables } from '../store.ts'

const SIZE = { width: 1500, height: 1100 }
const [SVS, NDPI, DONE, BROKEN, ELSEWHERE] = [randomUUID(), randomUUID(), randomUUID(), randomUUID(), randomUUID()]
let data: string
let system: TestSystem
const files = { svs: '', ndpi: '', pyramid: '', broken: '' }

async function put(store: Objects, key: string, path: string) {
  const bytes = await readFile(path)
  await store.put(key, bytes)
  return { key, bytes: BigInt(bytes.length), sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** What de-identification says of a slide; it has no file in the store where `path` is null. */
async function eventOf(store: Objects, slideId: string, path: string | null, file: string) {
  const key = `${slideId}/1/${file}`
  const stored = path ? await put(store, key, path) : { key, bytes: 5n, sha256: 'f'.repeat(64) }
  const { width, height } = SIZE
  const said = {
    slideId,
    revision: 1,
    project: 'default',
    rendition: Rendition.ORIGINAL,
    file: stored,
    format: 'aperio',
  }
  return SlideDeidentified.fromPartial({ ...said, geometry: { width, height } })
}

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-pictures-'))
  for (const kind of ['svs', 'ndpi'] as const) files[kind] = join(data, `slide.${kind}`)
  files.pyramid = join(data, 'pyramid.tiff')
  files.broken = join(data, 'broken.svs')
  await writeFile(files.broken, 'no slide at all')
  await writeSyntheticSlide(files.svs, { ...SIZE, seed: 3 })
  await writeSyntheticSlide(files.ndpi, { ...SIZE, seed: 3, format: 'hamamatsu' })
  await convert(files.svs, files.pyramid)
  const database = await openDatabase(`pglite:${join(data, 'db')}`)
  const db = await database.open<Tables>('tiles', migrations)
  const original = await openObjects(`file:${join(data, 'original')}`)
  const pyramid = await openObjects(`file:${join(data, 'pyramid')}`)
  const readers = createReaders(2)
  const forgotten: string[] = []
  const consumer = onDeidentified({
    db,
    slides: { forget: (slideId: string) => void forgotten.push(slideId) } as never,
    stores: { original, pyramid, readers, fetched: createFetched(original, data, { room: 1e9 }) },
  })
  const context = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }
  const events = [
    await eventOf(original, SVS, files.svs, 'slide.svs'),
    await eventOf(original, NDPI, files.ndpi, 'slide.ndpi'),
    await eventOf(original, DONE, files.svs, 'slide.svs'),
    await eventOf(original, BROKEN, files.broken, 'slide.svs'),
    await eventOf(original, ELSEWHERE, null, 'slide.svs'),
  ]
  // Twice: an event may come again.
  for (const event of [...events, ...events]) await consumer.handle(event, context)
  const done = await put(pyramid, `${DONE}/1/pyramid.tiff`, files.pyramid)
  const row = { slideId: DONE, project: 'default', revision: 1, kind: 'pyramid', format: 'generic-tiff' } as const
  const facts = { moreKeys: [], tileSize: 256, ...SIZE, geometry: Geometry.fromPartial(SIZE) }
  await saveRendition(
    db,
    { ...row, ...facts, key: done.key, bytes: Number(done.bytes), sha256: done.sha256 },
    undefined,
  )
  expect(new Set(forgotten)).toEqual(new Set([SVS, NDPI, DONE]))
  await readers.close()
  for (const part of [original, pyramid, database]) await part.close()
  system = await startSystem([tiles], { data })
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const mean = (one: Uint8Array, other: Uint8Array): number =>
  one.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / one.length

test('a slide is viewed from its original until the pyramid is there, then from the pyramid', async () => {
  const led = async (slideId: string) => {
    const answer = await system.fetch(`/tiles/${slideId}.dzi`)
    return [answer.status, answer.headers.get('location')]
  }
  expect(await led(SVS)).toEqual([302, `/tiles/${SVS}/1-original.dzi`])
  expect(await led(NDPI)).toEqual([302, `/tiles/${NDPI}/1-original.dzi`])
  expect(await led(DONE)).toEqual([302, `/tiles/${DONE}/1.dzi`])
  // Who looks at the original goes on looking at it.
  expect((await system.fetch(`/tiles/${DONE}/1-original_files/11/0_0.jpeg`)).status).toBe(200)
  expect((await led(BROKEN))[0]).toBe(404)
  expect((await led(ELSEWHERE))[0]).toBe(404)
})

test('every level of an original can be asked for, stored or not', async () => {
  const reader = await openSlide(files.svs)
  for (const [level, x, y, side] of [
    [11, 3, 2, 256],
    [10, 1, 1, 512],
    [9, 0, 0, 1024],
  ] as const) {
    const answer = await system.fetch(`/tiles/${SVS}/1-original_files/${level}/${x}_${y}.jpeg`)
    expect(answer.status).toBe(200)
    const tile = decodeRgb(await bytesOf(answer))
    expect([tile.width, tile.height]).toEqual([256, 256])
    const raw = { width: side, height: side, channels: 3 } as const
    const pixels = sharp(await reader.readRegion(x * side, y * side, side, side), { raw }).resize(256, 256)
    expect(mean(tile.data, await pixels.raw().toBuffer())).toBeLessThan(8)
  }
  await reader.close()
  const small = decodeRgb(await bytesOf(await system.fetch(`/tiles/${SVS}/1-original_files/3/0_0.jpeg`)))
  expect([small.width, small.height]).toEqual([6, 5])
  expect((await system.fetch(`/tiles/${SVS}/1-original_files/12/0_0.jpeg`)).status).toBe(404)
})

test('an NDPI is rendered, at its edge cut like any other', async () => {
  const dzi = await (await system.fetch(`/tiles/${NDPI}/1-original.dzi`)).text()
  const [, width] = /Width="(\d+)"/.exec(dzi)!
  const last = Math.ceil(Number(width) / 256) - 1
  const tile = decodeRgb(await bytesOf(await system.fetch(`/tiles/${NDPI}/1-original_files/11/${last}_0.jpeg`)))
  expect(tile.width).toBe(Number(width) - last * 256)
  const reader = await openSlide(files.ndpi)
  const pixels = await reader.readRegion(512, 512, 256, 256)
  await reader.close()
  const inner = decodeRgb(await bytesOf(await system.fetch(`/tiles/${NDPI}/1-original_files/11/2_2.jpeg`)))
  expect(mean(inner.data, pixels)).toBeLessThan(6)
})

test('a region of a rendition, for ever the same', async () => {
  const path = `/tiles/${DONE}/1/region.png?x=100&y=200&width=300&height=400&size=200`
  const answer = await system.fetch(path)
  expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
  expect(answer.headers.get('server-timing')).toMatch(/^render;dur=/)
  expect(await sharp(await bytesOf(answer)).metadata()).toMatchObject({ format: 'png', width: 150, height: 200 })
  const etag = answer.headers.get('etag')!
  expect((await system.fetch(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
  const head = await system.fetch(path, { method: 'HEAD' })
  expect([head.status, head.headers.get('etag'), (await bytesOf(head)).length]).toEqual([200, etag, 0])
  for (const [wrong, status] of [
    ['1/region.png?x=1500', 400],
    ['1/region.png?size=9000', 400],
    ['1/region.png?rotation=x', 400],
    ['1/region.gif', 404],
    ['2/region.png', 404],
    ['2/icc', 404],
  ] as const)
    expect((await system.fetch(`/tiles/${DONE}/${wrong}`)).status).toBe(status)
})

test('the colour profile of the slide, which the pyramid has kept', async () => {
  const { icc } = await describeSlide(files.svs)
  for (const path of [`/tiles/${DONE}/1/icc`, `/tiles/${SVS}/1-original/icc`]) {
    const answer = await system.fetch(path)
    expect(answer.headers.get('content-type')).toBe('application/vnd.iccprofile')
    expect(await bytesOf(answer)).toEqual(icc)
  }
  const embedded = await bytesOf(await system.fetch(`/tiles/${DONE}/1/region.webp?width=64&height=64&icc=embed`))
  expect((await sharp(embedded).metadata()).icc).toEqual(icc)
})

test('a thumbnail of whatever is shown', async () => {
  for (const slideId of [SVS, NDPI, DONE]) {
    const answer = await system.fetch(`/tiles/${slideId}/thumbnail.jpeg?max=300`)
    expect((await sharp(await bytesOf(answer)).metadata()).width).toBe(300)
  }
})

test('no picture leaves without permission', async () => {
  const stranger = await system.token({ roles: { other: 'owner' } })
  const paths = [
    `/tiles/${DONE}/1/region.png`,
    `/tiles/${DONE}/1/icc`,
    `/tiles/${DONE}/1-original_files/11/0_0.jpeg`,
    ...[2, 3].flatMap(version =>
      ['', '/info.json', '/full/max/0/default.jpg'].map(end => `/iiif/${version}/${DONE}${end}`),
    ),
  ]
  for (const path of paths) {
    expect((await system.fetch(path, { token: null })).status).toBe(401)
    expect((await system.fetch(path, { token: stranger })).status).toBe(404)
  }
})

test.each([2, 3])('IIIF %d: the service tells what it is', async version => {
  const base = `${system.url}/iiif/${version}/${DONE}`
  const led = await system.fetch(`/iiif/${version}/${DONE}`)
  expect([led.status, led.headers.get('location')]).toEqual([303, `${base}/info.json`])
  const answer = await system.fetch(`/iiif/${version}/${DONE}/info.json`)
  const info = (await answer.json()) as Record<string, unknown>
  expect(info).toMatchObject({ '@context': `http://iiif.io/api/image/${version}/context.json`, ...SIZE })
  expect(info[version === 3 ? 'id' : '@id']).toBe(base)
  expect(info.tiles).toEqual([{ width: 256, height: 256, scaleFactors: [1, 2, 4, 8] }])
  expect(info.sizes).toContainEqual({ width: 375, height: 275 })
  const type = async (accept: string) =>
    (await system.fetch(`/iiif/${version}/${DONE}/info.json`, { headers: { accept } })).headers.get('content-type')
  expect(await type('application/json')).toBe('application/json')
  expect(await type('application/ld+json')).toContain('application/ld+json')
})

test('IIIF: a picture with its canonical address; what is not made, and what is wrong', async () => {
  const base = `/iiif/3/${DONE}`
  const answer = await system.fetch(`${base}/pct:0,0,50,50/300,/!90/gray.png`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('link')).toContain(
    `<${system.url}${base}/0,0,750,550/300,220/!90/gray.png>;rel="canonical"`,
  )
  expect(await sharp(await bytesOf(answer)).metadata()).toMatchObject({ width: 220, height: 300, channels: 1 })
  const status = async (path: string) => (await system.fetch(`${base}/${path}`)).status
  expect(await status('full/max/0/default.jp2')).toBe(501)
  expect(await status('full/max/0/native.jpg')).toBe(400)
  expect(await status('full/5000,/0/default.jpg')).toBe(400)
  expect(await status('9999,0,10,10/max/0/default.jpg')).toBe(400)
  expect(await status('full/max/0/default')).toBe(404)
})
