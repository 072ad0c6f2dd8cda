/** Annotation files that come with their slides, or late: what was drawn gets through, what names somebody does not. */
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, createUpload, eventually, patchHeaders } from '../client.ts'
import type { Shape } from '../shape.ts'
import { zipOf } from './archive.ts'
import { madeBytes, madeFiles } from './made.ts'
import { stringsFound } from './planted.ts'

/** Of nobody else in these suites, so that it must be nowhere. */
const PERSON = 'Zephyrine Halloway'
const CASE = 'S31-55512'
const PLANTED = [PERSON, 'Zephyrine', 'Halloway', CASE, 'PATHSRV09']

const corners = [
  [100, 120],
  [400, 120],
  [400, 300],
] as const
const ring = [...corners, corners[0]]

/** @param name of the layer: one that a project knows passes */
const imageScope = (name: string): Buffer =>
  Buffer.from(`<?xml version="1.0"?>
<Annotations MicronsPerPixel="0.5"><Annotation Id="1" Name="${name}" LineColor="255" NameReadOnly="0">
  <Attributes><Attribute Name="Description" Id="0" Value="${PERSON} ${CASE}"/></Attributes>
  <Regions><Region Id="1" Type="0" Text="${PERSON}" ImageLocation="\\\\PATHSRV09\\${CASE}.svs"><Vertices>
    ${corners.map(([x, y]) => `<Vertex X="${x}" Y="${y}"/>`).join('')}
  </Vertices></Region></Regions></Annotation></Annotations>`)

const asap = Buffer.from(`<?xml version="1.0"?><ASAP_Annotations><Annotations>
  <Annotation Name="${PERSON}" Type="Polygon" PartOfGroup="Tumor" Color="#ff0000"><Coordinates>
  ${corners.map(([x, y], i) => `<Coordinate Order="${i}" X="${x}" Y="${y}"/>`).join('')}
  </Coordinates></Annotation></Annotations>
  <AnnotationGroups><Group Name="Tumor" PartOfGroup="None" Color="#00ff00"/></AnnotationGroups></ASAP_Annotations>`)

const geojson = Buffer.from(
  JSON.stringify({
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature',
        geometry: { type: 'Polygon', coordinates: [ring] },
        properties: {
          objectType: 'annotation',
          name: PERSON,
          classification: { name: `Ca of ${CASE}`, color: [200, 0, 0] },
          metadata: { note: `reviewed by ${PERSON}` },
        },
      },
    ],
  }),
)

interface Feature {
  geometry: { type: string; coordinates: number[][][] }
  properties: { name?: string; classification?: { name: string }; metadata: Record<string, string> }
}

export function comingSuite(shape: () => Shape): void {
  let client: Client
  const ids: string[] = []
  beforeAll(() => {
    client = clientOf(shape())
  })

  const featuresOf = (id: string, count: number): Promise<Feature[]> =>
    eventually(60, `${count} annotations`, async () => {
      const { features } = await client.json<{ features: Feature[] }>(`/api/slides/${id}/annotations`)
      return features.length === count ? features : undefined
    })

  async function expectDrawn(id: string, count = 1): Promise<Feature[]> {
    ids.push(id)
    expect(await client.settled(id)).toMatchObject({ state: 'ready', annotationFiles: count })
    const features = await featuresOf(id, count)
    for (const { geometry, properties } of features) {
      expect(geometry).toEqual({ type: 'Polygon', coordinates: [ring] })
      expect(properties.name).toBeUndefined()
      expect(properties.metadata.origin).toBe('came-with-slide')
    }
    expect(stringsFound(Buffer.from(JSON.stringify(features)), PLANTED)).toEqual([])
    return features
  }

  describe('a slide', () => {
    const name = `${PERSON} ${CASE}`
    let id: string

    test('and its ImageScope XML come as a set', async () => {
      const bytes = await madeBytes({ width: 900, height: 700, seed: 23 })
      id = await client.upload([
        { name: `${name}.svs`, path: `${name}.svs`, bytes },
        { name: `${name}.xml`, path: `${name}.xml`, bytes: imageScope(PERSON) },
      ])
      const [feature] = await expectDrawn(id)
      // A name that the project does not know is replaced, so that layers stay apart.
      expect(feature!.properties.metadata.layer).toMatch(/^Layer /)
    })

    test('gets what was drawn after its release, by the name that it had before', async () => {
      expect(await client.json(`/api/intake/slides/${id}`)).toMatchObject({ sourceName: null, researchNumber: null })
      const late = imageScope('Tumor').toString().replaceAll('100', '105')
      const bytes = Buffer.from(late)
      const upload = await createUpload(client.get, bytes.length, { filename: `${name.toUpperCase()}.XML` })
      expect(upload.slideId).toBe(id)
      const sent = await client.get(upload.location, { method: 'PATCH', headers: patchHeaders(0), body: late })
      expect(sent.status).toBe(204)
      const features = await featuresOf(id, 2)
      expect(features.map(({ properties }) => properties.metadata.layer)).toContain('Tumor')
      expect(stringsFound(Buffer.from(JSON.stringify(features)), PLANTED)).toEqual([])
    })
  })

  test('annotations of nobody are refused with the reason', async () => {
    await expect(createUpload(client.get, 10, { filename: 'nobody knows this.xml' })).rejects.toThrow(
      /404.*came under this name/s,
    )
  })

  test('an MRXS comes with its folder and a GeoJSON', async () => {
    const files = await madeFiles(`${PERSON} b.mrxs`, { width: 900, height: 700, seed: 29, format: 'mirax' })
    const own = { name: `${PERSON} b.geojson`, path: `${PERSON} b.geojson`, bytes: geojson }
    const [feature] = await expectDrawn(await client.upload([...files, own]))
    expect(feature!.properties.classification?.name ?? '').not.toContain('Ca of')
  })

  test('a zip holds a slide and its ASAP XML', async () => {
    const bytes = await madeBytes({ width: 900, height: 700, seed: 31 })
    const packed = zipOf([
      { path: `${PERSON} c.svs`, bytes },
      { path: `${PERSON} c.xml`, bytes: asap },
    ])
    const [feature] = await expectDrawn(await client.upload([{ name: `${PERSON} c.zip`, bytes: packed }]))
    expect(feature!.properties.metadata.layer).toBe('Tumor')
  })

  test('a file with a document type is refused, and its slide goes on', async () => {
    const evil =
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Annotations>&x;</Annotations>'
    const id = await client.upload([
      {
        name: `${PERSON} d.svs`,
        path: `${PERSON} d.svs`,
        bytes: await madeBytes({ width: 700, height: 500, seed: 37 }),
      },
      { name: `${PERSON} d.xml`, path: `${PERSON} d.xml`, bytes: Buffer.from(evil) },
    ])
    expect(await client.settled(id)).toMatchObject({ state: 'ready' })
    ids.push(id)
  })

  test('who was named is nowhere afterwards: not in answers, stores, rows, logs or spans', async () => {
    for (const id of ids) {
      const paths = [
        '',
        '/annotations',
        '/annotations.geojson',
        '/annotations.xml',
        '/annotations.asap.xml',
        '/deidentification',
        '/pyramid',
      ]
      for (const path of [
        ...paths.map(part => `/api/slides/${id}${part}`),
        `/api/intake/slides/${id}`,
        '/api/slides',
      ]) {
        const answer = await client.get(path)
        expect({ path, ok: answer.ok }).toEqual({ path, ok: true })
        const bytes = Buffer.from(await answer.arrayBuffer())
        expect({ path, found: stringsFound(bytes, PLANTED) }).toEqual({ path, found: [] })
      }
      for (const store of ['original', 'pyramid'] as const) {
        const objects = await shape().objects(store, id)
        expect(objects.size).toBeGreaterThan(0)
        for (const [key, bytes] of objects)
          expect({ key, found: stringsFound(bytes, PLANTED) }).toEqual({ key, found: [] })
      }
    }
    const rows = (await shape().dump()).split('\n')
    expect(rows.length).toBeGreaterThan(100)
    const naming = rows.filter(row => stringsFound(Buffer.from(row), PLANTED).length > 0).map(row => row.split(' ')[0])
    expect([...new Set(naming)]).toEqual([])
    for (const log of shape().logs) expect(stringsFound(await readFile(log), PLANTED)).toEqual([])
    const spans = await eventually(20, 'spans', async () => (shape().spans().length > 0 ? shape().spans() : undefined))
    expect(stringsFound(spans, PLANTED)).toEqual([])
    expect(stringsFound(spans, ['slides.received'])).toEqual(['slides.received'])
  })
}
