/** Annotations over HTTP: versions, conflicts, boxes, files in and out, live changes. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { sharedData, sharedSlide, unlessMissing } from '@coverslip/wsi/test-data.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { type Client, clientOf, eventually } from '../client.ts'
import type { Shape } from '../shape.ts'
import { madeSlide } from './made.ts'

interface Feature {
  type: 'Feature'
  id: string
  geometry: { type: string; coordinates: unknown }
  properties: Record<string, unknown>
}
interface Collection {
  type: 'FeatureCollection'
  features: Feature[]
  nextCursor?: string | null
  seq?: number
}

/** A square of 100 px with its upper left corner at x, y. */
function square(x: number, y: number, id: string = randomUUID()): Feature {
  const ring = [
    [x, y],
    [x + 100, y],
    [x + 100, y + 100],
    [x, y + 100],
    [x, y],
  ]
  const properties = { objectType: 'annotation', classification: { name: 'Tumor', color: [200, 0, 0] } }
  return { type: 'Feature', id, geometry: { type: 'Polygon', coordinates: [ring] }, properties }
}

export function annotatingSuite(shape: () => Shape): void {
  let client: Client
  let base: string
  let slideId: string

  const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    client.get(path, {
      method,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/geo+json', ...headers },
    })

  beforeAll(async () => {
    client = clientOf(shape())
    slideId = await madeSlide(client)
    base = `/api/slides/${slideId}/annotations`
  })

  test('a created annotation is found again, with its ETag', async () => {
    const feature = square(10, 20)
    const created = await send('POST', base, feature)
    expect(created.status).toBe(201)
    const answer = await client.get(`${base}/${feature.id}`)
    expect(answer.headers.get('etag')).toBe('"1"')
    expect(await answer.json()).toMatchObject({ id: feature.id, geometry: feature.geometry })
  })

  test('a retry of a creation never doubles', async () => {
    const feature = square(300, 300)
    const statuses = [await send('POST', base, feature), await send('POST', base, feature)].map(({ status }) => status)
    expect(statuses.every(status => status < 300)).toBe(true)
    const { features } = await client.json<Collection>(`${base}?bbox=300,300,301,301`)
    expect(features.filter(({ id }) => id === feature.id)).toHaveLength(1)
    expect((await client.get(`${base}/${feature.id}`)).headers.get('etag')).toBe('"1"')
  })

  test('two who change the same annotation: the second is told', async () => {
    const feature = square(500, 500)
    await send('POST', base, feature)
    const path = `${base}/${feature.id}`
    expect((await send('PUT', path, square(510, 500, feature.id))).status).toBe(428)
    expect((await send('PUT', path, square(510, 500, feature.id), { 'if-match': '"1"' })).status).toBe(200)
    expect((await send('PUT', path, square(520, 500, feature.id), { 'if-match': '"1"' })).status).toBe(412)
    expect((await client.get(path, { method: 'DELETE', headers: { 'if-match': '"1"' } })).status).toBe(412)
    expect((await client.get(path, { method: 'DELETE', headers: { 'if-match': '"2"' } })).status).toBe(204)
    expect((await client.get(path)).status).toBe(404)
  })

  test('a box finds what meets it, pages find everything once', async () => {
    const grid = Array.from({ length: 25 }, (_, i) => square(5000 + (i % 5) * 200, 5000 + Math.floor(i / 5) * 200))
    await send('POST', base, { type: 'FeatureCollection', features: grid })
    const box = await client.json<Collection>(`${base}?bbox=5050,5050,5250,5250`)
    expect(box.features).toHaveLength(4)
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const page = await client.json<Collection>(
        `${base}?bbox=5000,5000,6000,6000&limit=7${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      seen.push(...page.features.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor)
    expect(seen.sort()).toEqual(grid.map(({ id }) => id).sort())
  })

  test.each([
    [
      'not a number',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, null],
            [1, 1],
            [0, 0],
          ],
        ],
      },
    ],
    [
      'an open ring',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
          ],
        ],
      },
    ],
    ['an unknown kind', { type: 'Blob', coordinates: [] }],
  ])('a geometry with %s is refused with a reason', async (_what, geometry) => {
    const answer = await send('POST', base, { ...square(0, 0), geometry })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test('a second viewer sees each change within a second, in order and without gaps', async () => {
    const seen: { seq: number; annotationId: string; deleted: boolean }[] = []
    const { seq } = await client.json<{ seq: number }>(base)
    const socket = await openLive(shape(), slideId, seq, change => seen.push(change))
    const feature = square(900, 900)
    const begun = Date.now()
    await send('POST', base, feature)
    await eventually(1, 'the creation to be seen', async () =>
      seen.find(({ annotationId }) => annotationId === feature.id),
    )
    expect(Date.now() - begun).toBeLessThan(1000)
    await send('PUT', `${base}/${feature.id}`, square(910, 900, feature.id), { 'if-match': '"1"' })
    await client.get(`${base}/${feature.id}`, { method: 'DELETE', headers: { 'if-match': '"2"' } })
    await eventually(2, 'the deletion to be seen', async () => seen.find(({ deleted }) => deleted))
    expect(seen.map(change => change.seq)).toEqual(seen.map((_, i) => seq + 1 + i))
    socket.close()
  })

  test('a viewer that was away catches up from where it was', async () => {
    const { seq } = await client.json<{ seq: number }>(base)
    const features = [square(1100, 0), square(1300, 0), square(1500, 0)]
    for (const feature of features) await send('POST', base, feature)
    const seen: { seq: number; annotationId: string }[] = []
    const socket = await openLive(shape(), slideId, seq, change => seen.push(change))
    await eventually(2, 'the missed changes', async () => (seen.length >= 3 ? true : undefined))
    expect(seen.map(({ annotationId }) => annotationId)).toEqual(features.map(({ id }) => id))
    socket.close()
  })

  describe.skipIf(!sharedData)(`annotation files of ../shared/data${unlessMissing}`, () => {
    const files = [
      'NP391-16_PLP_LVC_20x.xml',
      'NP004-15-13Ra-PLP.xml',
      'TCGA-EJ-5518-01Z-00-DX1.xml',
      'imagescope_utils_test.xml',
    ]
    test.each(files)('ImageScope %s comes in, goes out, and means the same when it comes in again', async file => {
      const [first, second] = [await madeSlide(client), await madeSlide(client)]
      const xml = await readFile(sharedSlide(`annotations/imagescope/${file}`))
      const imported = await importXml(client, first, xml)
      expect(imported.imported).toBeGreaterThan(0)
      const out = await (await client.get(`/api/slides/${first}/annotations.xml`)).text()
      await importXml(client, second, Buffer.from(out))
      expect(await meaning(client, second)).toEqual(await meaning(client, first))
    })
    test('QuPath GeoJSON with holes comes in and goes out with them', async () => {
      const id = await madeSlide(client)
      const bytes = await readFile(sharedSlide('annotations/qupath/holed.geojson'))
      const answer = await client.json<{ imported: number }>(`/api/slides/${id}/annotations.geojson`, {
        method: 'POST',
        headers: { 'content-type': 'application/geo+json' },
        body: bytes,
      })
      expect(answer.imported).toBe(1)
      const out = await client.json<Collection>(`/api/slides/${id}/annotations.geojson`)
      expect((out.features[0]!.geometry.coordinates as unknown[]).length).toBeGreaterThan(1)
    })
  })

  test('XML with a document type is refused: no entity of it is read', async () => {
    const xml =
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Annotations>&x;</Annotations>'
    const answer = await client.get(`/api/slides/${slideId}/annotations.xml`, {
      method: 'POST',
      headers: { 'content-type': 'application/xml' },
      body: xml,
    })
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toContain('root:')
  })
}

async function openLive(
  shape: Shape,
  slideId: string,
  after: number,
  onChange: (change: { seq: number; annotationId: string; deleted: boolean }) => void,
): Promise<WebSocket> {
  const url = `${shape.url.replace('http', 'ws')}/api/slides/${slideId}/live?after=${after}`
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${shape.token}` } })
  socket.on('message', data => {
    const message = JSON.parse(String(data)) as {
      type: string
      changes?: { seq: number; annotationId: string; deleted: boolean }[]
    }
    for (const change of message.changes ?? []) onChange(change)
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return socket
}

const importXml = (client: Client, id: string, body: Buffer) =>
  client.json<{ imported: number }>(`/api/slides/${id}/annotations.xml`, {
    method: 'POST',
    headers: { 'content-type': 'application/xml' },
    body: new Uint8Array(body),
  })

/** What a slide's annotations say, without ids and times. */
async function meaning(client: Client, id: string): Promise<unknown[]> {
  const { features } = await client.json<Collection>(`/api/slides/${id}/annotations.geojson`)
  const said = features.map(({ geometry, properties }) => {
    const { layer, kind } = (properties.metadata ?? {}) as Record<string, string>
    return JSON.stringify({ geometry, layer, kind, name: properties.name, term: properties.classification })
  })
  return said.sort()
}
