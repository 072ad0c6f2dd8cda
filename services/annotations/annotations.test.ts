/** The service as others see it: over gRPC, with its events. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Deps, Running } from '@coverslip/platform/module.ts'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { AnnotationsServiceDefinition, FileFormat } from '@coverslip/proto/gen/annotations/v1/annotations.ts'
import type { AnnotationsChanged } from '@coverslip/proto/gen/events/v1/events.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { annotations } from './module.ts'

let system: TestSystem
let running: Running
let events: AnnotationsChanged[] = []
let client: Awaited<ReturnType<typeof connect>>['client']
let close: () => void
let ada: { onBehalfOf: string }
let ben: { onBehalfOf: string }

const connect = () => rpcAs(system, 'public', 'annotations', AnnotationsServiceDefinition)

beforeAll(async () => {
  const tapped = {
    ...annotations,
    start: async (deps: Deps) => {
      const publish: Deps['publish'] = async (trx, event, message) => {
        await deps.publish(trx, event, message)
        events.push(message as AnnotationsChanged)
      }
      running = await annotations.start({ ...deps, publish })
      return running
    },
  }
  system = await startSystem([tapped], {
    environment: { ANNOTATIONS_IMPORT_MAX_BYTES: '8m', ANNOTATIONS_MAX_VERTICES: '1000' },
  })
  ;({ client, close } = await connect())
  ada = { onBehalfOf: await system.token({ sub: 'ada' }) }
  ben = { onBehalfOf: await system.token({ sub: 'ben' }) }
})
afterAll(async () => {
  close?.()
  await system?.stop()
})

const NAME = 'Erika Mustermann'
const point = (id: string, x = 1, name = NAME) => ({
  type: 'Feature',
  id,
  geometry: { type: 'Point', coordinates: [x, 2] },
  properties: { objectType: 'annotation', name, metadata: { layer: 'Findings', kind: 'point' } },
})
const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const create = (slideId: string, value: unknown, who = ada) =>
  client.createAnnotations({ slideId, geojson: bytesOf(value) }, who)
const featureIn = (feature: { geojson: Uint8Array } | undefined) => JSON.parse(Buffer.from(feature!.geojson).toString())
const cut = (bytes: Uint8Array, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
async function* requestsOf(slideId: string, format: FileFormat, bytes: Uint8Array) {
  for (const chunk of cut(bytes, 2 ** 20)) yield { slideId, format, chunk }
}
const importFile = (slideId: string, format: FileFormat, bytes: Uint8Array) =>
  client.import(requestsOf(slideId, format, bytes), ada)
async function exportFile(slideId: string, format: FileFormat, mpp = 0): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const { chunk } of client.export({ slideId, format, mpp }, ada)) {
    expect(chunk.length).toBeLessThanOrEqual(2 ** 20)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

describe('annotations', () => {
  it('belong to whoever drew them and tell who changed them', async () => {
    const [slideId, id] = [randomUUID(), randomUUID()]
    events = []
    const made = await create(slideId, point(id))
    expect(made).toMatchObject({ seq: 1n, features: [{ id, version: 1n }] })
    expect(featureIn(made.features[0]).properties.metadata).toMatchObject({
      author: 'ada',
      origin: 'drawn',
      version: '1',
      layer: 'Findings',
    })
    const forged = point(id, 5)
    Object.assign(forged.properties.metadata, { author: 'ada', version: '77' })
    const changed = await client.updateAnnotation(
      { slideId, annotationId: id.toUpperCase(), ifVersion: 1n, geojson: bytesOf(forged) },
      ben,
    )
    expect(featureIn(changed.feature)).toMatchObject({
      geometry: { coordinates: [5, 2] },
      properties: { metadata: { author: 'ada', changedBy: 'ben', version: '2' } },
    })
    await client.deleteAnnotation({ slideId, annotationId: id, ifVersion: 2n }, ben)
    await expect(client.getAnnotation({ slideId, annotationId: id })).rejects.toMatchObject({ code: 'not-found' })
    expect(events.map(({ seq }) => seq)).toEqual([1n, 2n, 3n])
    expect(events.every(event => event.slideId === slideId)).toBe(true)
  })

  it('are made once, and one event tells of all that one request made', async () => {
    const slideId = randomUUID()
    const features = Array.from({ length: 50 }, () => point(randomUUID()))
    events = []
    for (let i = 0; i < 2; i++) {
      const { features: made, seq } = await create(slideId, { type: 'FeatureCollection', features })
      expect([made.map(({ id }) => id), seq]).toEqual([features.map(({ id }) => id), 50n])
    }
    expect(events.map(({ seq }) => seq)).toEqual([50n])
    const mixed = [point(randomUUID()), { ...features[3]!, properties: {} }]
    await expect(create(slideId, mixed)).rejects.toMatchObject({
      code: 'conflict',
      publicMessage: 'The id of feature 2 belongs to another annotation; give it a new one',
    })
    expect((await client.listAnnotations({ slideId, limit: 1000 })).features).toHaveLength(50)
  })

  it('are refused with the place and what to do', async () => {
    const slideId = randomUUID()
    const refused = async (value: unknown) => {
      const error = await create(slideId, value).then(
        () => undefined,
        (reason: { code: string; publicMessage: string }) => reason,
      )
      expect(error?.publicMessage).not.toContain(NAME)
      return `${error?.code}: ${error?.publicMessage}`
    }
    const open = { ...point(randomUUID()), geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 1], [2, 0], [3, 3]]] } } // biome-ignore format: one line reads better
    expect(await refused([point(randomUUID()), open])).toBe(
      'invalid: Feature 2 cannot be used: a ring is not closed; repeat its first position at the end',
    )
    expect(await refused(point('not a UUID'))).toMatch(/^invalid: Feature 1 cannot be used: its id is not a UUID/)
    expect(await refused({ hello: NAME })).toMatch(/^invalid: The body cannot be used: it is neither/)
    const path = Array.from({ length: 1001 }, (_, i) => [i, i])
    expect(await refused({ ...point(randomUUID()), geometry: { type: 'LineString', coordinates: path } })).toMatch(
      /it has 1001 vertices, more than 1000/,
    )
    const many = Array.from({ length: 6000 }, () => point(randomUUID()))
    expect(await refused(many)).toMatch(/^too-large: .*import them as a file/)
    expect((await client.listAnnotations({ slideId })).seq).toBe(0n)
    await expect(client.listAnnotations({ slideId: 'x' })).rejects.toMatchObject({ code: 'not-found' })
    await expect(client.listAnnotations({ slideId, box: { x0: 3, y0: 0, x1: 1, y1: 1 } })).rejects.toMatchObject({
      code: 'invalid',
    })
    await expect(client.listAnnotations({ slideId, cursor: 'bogus' })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('come in pages that all say the counter of the first', async () => {
    const slideId = randomUUID()
    await create(
      slideId,
      [1, 2, 3].map(x => point(randomUUID(), x)),
    )
    const first = await client.listAnnotations({ slideId, limit: 2 })
    await create(slideId, point(randomUUID(), 4))
    const second = await client.listAnnotations({ slideId, limit: 2, cursor: first.nextCursor })
    expect([first.seq, second.seq, second.nextCursor]).toEqual([3n, 3n, ''])
    expect([...first.features, ...second.features].map(feature => featureIn(feature).geometry.coordinates[0])).toEqual([
      1, 2, 3, 4,
    ])
    const { changes, more } = await client.listChanges({ slideId, afterSeq: 3n })
    expect([changes.map(({ seq }) => seq), more]).toEqual([[4n], false])
  })

  it('go with their slide', async () => {
    const slideId = randomUUID()
    await create(slideId, point(randomUUID()))
    const context = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }
    for (let i = 0; i < 2; i++)
      await running.consumers!['slides.deleted']!.handle({ slideId, reason: 'deleted' }, context)
    await expect(client.listAnnotations({ slideId })).rejects.toMatchObject({ code: 'not-found' })
    await expect(create(slideId, point(randomUUID()))).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('files', () => {
  const xml = `<Annotations><Annotation Id="3" Name="" LineColor="255"><Regions>
    <Region Id="1" Type="0" Text="${NAME}"><Vertices><Vertex X="0" Y="0"/><Vertex X="90" Y="0"/><Vertex X="90" Y="90"/></Vertices></Region>
    <Region Id="2" Type="0" NegativeROA="1"><Vertices><Vertex X="50" Y="10"/><Vertex X="60" Y="10"/><Vertex X="60" Y="20"/></Vertices></Region>
    <Region Id="3" Type="0"><Vertices/></Region></Regions></Annotation></Annotations>`

  it('go from ImageScope to GeoJSON and back', async () => {
    const slideId = randomUUID()
    const first = await importFile(slideId, FileFormat.IMAGESCOPE_XML, Buffer.from(xml))
    expect(first).toEqual({ imported: 1, skipped: ['layer 1, region 3: it has no vertices'], seq: 1n })
    const collection = JSON.parse(await exportFile(slideId, FileFormat.GEOJSON))
    expect(collection.features).toMatchObject([
      {
        geometry: { type: 'Polygon' },
        properties: {
          name: NAME,
          metadata: { layer: 'Layer 3', layerColor: '#ff0000', origin: 'imported-imagescope' },
        },
      },
    ])
    expect(collection.features[0].geometry.coordinates).toHaveLength(2)
    const text = await exportFile(slideId, FileFormat.IMAGESCOPE_XML, 0.25)
    expect(text).toContain('<Annotation Id="3" Name="" ReadOnly="0"')
    expect(text).toContain(`Area="4000.0"`)
    const copy = randomUUID()
    await importFile(copy, FileFormat.IMAGESCOPE_XML, Buffer.from(text))
    const said = async (id: string) =>
      (await exportFile(id, FileFormat.GEOJSON)).replaceAll(/"(id|createdAt|changedAt)":"[^"]*"/g, '')
    expect(await said(copy)).toBe(await said(slideId))
  })

  it('come as ASAP XML under the name of XML, and go out as it', async () => {
    const slideId = randomUUID()
    const asap = `<ASAP_Annotations><Annotations><Annotation Name="a" Type="Dot" PartOfGroup="None" Color="#0000ff">
      <Coordinates><Coordinate Order="0" X="5,5" Y="6"/></Coordinates></Annotation></Annotations></ASAP_Annotations>`
    expect(await importFile(slideId, FileFormat.IMAGESCOPE_XML, Buffer.from(asap))).toMatchObject({ imported: 1 })
    const { features } = JSON.parse(await exportFile(slideId, FileFormat.GEOJSON))
    expect(features[0]).toMatchObject({
      geometry: { type: 'Point', coordinates: [5.5, 6] },
      properties: { name: 'a', metadata: { origin: 'imported-asap' } },
    })
    expect(await exportFile(slideId, FileFormat.ASAP_XML)).toContain('<Coordinate Order="0" X="5.5" Y="6"/>')
  })

  it('are imported twice without doubling, keep later changes and bring back what was deleted', async () => {
    const slideId = randomUUID()
    const file = bytesOf([point(''), point(''), point('', 7), point(randomUUID(), 8)])
    events = []
    expect(await importFile(slideId, FileFormat.GEOJSON, file)).toEqual({ imported: 4, skipped: [], seq: 4n })
    expect(await importFile(slideId, FileFormat.GEOJSON, file)).toEqual({ imported: 4, skipped: [], seq: 4n })
    expect(events).toHaveLength(1)
    const [a, b] = (await client.listAnnotations({ slideId })).features
    await client.deleteAnnotation({ slideId, annotationId: a!.id, ifVersion: 1n }, ada)
    const geojson = bytesOf({ ...point(b!.id, 99) })
    await client.updateAnnotation({ slideId, annotationId: b!.id, ifVersion: 1n, geojson }, ada)
    expect(await importFile(slideId, FileFormat.GEOJSON, file)).toEqual({
      imported: 3,
      skipped: ['feature 2: it is on the slide already and was changed there; the change is kept'],
      seq: 7n,
    })
  })

  it('skip what cannot be used and say where and why, quoting nothing', async () => {
    const slideId = randomUUID()
    const result = await importFile(
      slideId,
      FileFormat.GEOJSON,
      bytesOf([point('a'), { ...point('b'), geometry: null }, NAME, { ...point('c'), properties: { color: NAME } }]),
    )
    expect(result.imported).toBe(1)
    expect(result.skipped).toEqual([
      'feature 2: it has no geometry',
      'feature 3: it is not an object',
      'feature 4: a colour is not [red, green, blue] from 0 to 255',
    ])
  })

  it('may be large, up to the limit', async () => {
    const slideId = randomUUID()
    const file = bytesOf(Array.from({ length: 9000 }, (_, i) => point(randomUUID(), i)))
    expect(file.length).toBeGreaterThan(2 ** 20)
    expect(await importFile(slideId, FileFormat.GEOJSON, file)).toMatchObject({ imported: 9000, seq: 9000n })
    expect(JSON.parse(await exportFile(slideId, FileFormat.GEOJSON)).features).toHaveLength(9000)
    await expect(importFile(slideId, FileFormat.GEOJSON, Buffer.alloc(8 * 2 ** 20 + 1, ' '))).rejects.toMatchObject({
      code: 'too-large',
      publicMessage: 'The file is larger than 8 MiB',
    })
  })

  it('are refused when they are no files of annotations', async () => {
    const slideId = randomUUID()
    const refused = (format: FileFormat, text: string) => expect(importFile(slideId, format, Buffer.from(text))).rejects
    await refused(FileFormat.GEOJSON, `{"name": ${NAME}`).toMatchObject({
      code: 'invalid',
      publicMessage: 'The file cannot be used: it is not JSON',
    })
    await refused(FileFormat.IMAGESCOPE_XML, '<!DOCTYPE a><Annotations/>').toMatchObject({ code: 'invalid' })
    await refused(FileFormat.UNSPECIFIED, 'x').toMatchObject({ code: 'unsupported' })
    expect(await exportFile(slideId, FileFormat.GEOJSON)).toBe('{"type":"FeatureCollection","features":[\n\n]}\n')
  })
})

it('says no name in any log', async () => {
  expect(await readFile(join(system.data, 'log.jsonl'), 'utf8')).not.toContain(NAME)
})
