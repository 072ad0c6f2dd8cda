import { describe, expect, it } from 'vitest'
import { sharedData, unlessMissing } from '../test-data.ts'
import { cleanAnnotationFile } from './clean.ts'
import { samplesOf } from './testing.ts'

const options = { slideId: '7b0c2a7e-4f2a-4c0b-9d57-0d8f3c1a2b3c', width: 1000, height: 1000, vocabulary: ['Tumour'] }
const clean = async (text: string) => {
  const result = await cleanAnnotationFile(Buffer.from(text), options)
  return { ...result, features: JSON.parse(result.geojson.toString()).features }
}

const imagescope = (layer: string, region: string, inside = '', xy = '10,10 20,10 20,20') => `<Annotations>
  <Annotation Id="7" ${layer}><Regions><Region Id="1" Type="0" ${region}>${inside}<Vertices>${xy
    .split(' ')
    .map(pair => pair.split(','))
    .map(([x, y]) => `<Vertex X="${x}" Y="${y}"/>`)
    .join('')}</Vertices></Region></Regions></Annotation></Annotations>`

const PLANTED = 'MILLER S12-3456'

describe('what passes', () => {
  it('is geometry, kind, colour, exclusion and numeric measures', async () => {
    const { features, dropped } = await clean(
      imagescope(
        `Name="tumour" LineColor="255"`,
        'NegativeROA="1"',
        '<Attributes><Attribute Name="Average Positive Intensity" Value="152.6"/></Attributes>',
      ),
    )
    expect(features).toMatchObject([
      {
        geometry: { type: 'Polygon' },
        properties: {
          measurements: { 'Average Positive Intensity': 152.6 },
          classification: { name: 'Exclude' },
          metadata: { layer: 'tumour', layerColor: '#ff0000', exclusion: 'true', kind: 'polygon' },
        },
      },
    ])
    expect(Object.values(dropped)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('includes the number of a layer without a name, as far as it cannot be a patient’s', async () => {
    expect((await clean(imagescope('', ''))).features[0].properties.metadata.layer).toBe('Layer 7')
    const { features, dropped } = await clean(imagescope('', '').replace('Id="7"', 'Id="12345678"'))
    expect(features[0].properties.metadata.layer).toBe('Layer A')
    expect(dropped.layer).toBe(1)
  })
})

describe('what does not pass, and is counted', () => {
  it.each([
    ['layer', imagescope(`Name="${PLANTED}"`, '')],
    ['name', imagescope('', `Text="${PLANTED}"`)],
    ['metadata', imagescope('', '', `<Attributes><Attribute Name="${PLANTED}" Value="x"/></Attributes>`)],
    ['metadata', imagescope('', '', `<Attributes><Attribute Name="Note" Value="${PLANTED}"/></Attributes>`)],
    ['measurement', imagescope('', '', `<Attributes><Attribute Name="${PLANTED}" Value="5"/></Attributes>`)],
    ['term', imagescope('', '', `<Attributes><Attribute Name="Term" Value="${PLANTED}"/></Attributes>`)],
    ['name', feature({ name: PLANTED })],
    ['term', feature({ classification: { name: PLANTED } })],
    ['metadata', feature({ metadata: { [PLANTED]: 'a' } })],
    ['property', feature({ [PLANTED]: [1] })],
    ['measurement', feature({ measurements: { [PLANTED]: 1 } })],
    ['layer', asap(`PartOfGroup="${PLANTED}"`)],
    ['name', asap(`Name="${PLANTED}"`)],
  ] as const)('%s (%#)', async (place, text) => {
    expect(text).toContain(PLANTED)
    const { geojson, dropped, annotations } = await clean(text)
    expect(annotations).toBe(1)
    expect(geojson.toString().toLowerCase()).not.toMatch(/miller|3456/)
    expect(dropped[place]).toBe(1)
  })

  it.each(['ImageLocation', 'MarkupImagePath', 'MacroName'])('%s is not read at all', async name => {
    const text = imagescope(`${name}="${PLANTED}"`, `ImageLocation="${PLANTED}"`)
    expect((await clean(text)).geojson.toString()).not.toContain('MILLER')
  })

  it('ids of the file', async () => {
    const id = '11111111-2222-4333-8444-555555555555'
    const { geojson } = await clean(JSON.stringify({ ...JSON.parse(feature({})), id }))
    expect(geojson.toString()).not.toContain(id)
  })
})

describe('what belongs to no place on the slide', () => {
  it.each(['2000,2000 2010,2000 2010,2010', '-50,-50 -40,-50 -40,-40', '10,10 20,10 9000000,20'])('%s', async xy => {
    expect(await clean(imagescope('', '', '', xy))).toMatchObject({ annotations: 0, skipped: 1 })
  })
})

it('gives the same bytes for the same file', async () => {
  const text = imagescope('Name="a"', 'Text="b"')
  expect((await clean(text)).geojson).toEqual((await clean(text)).geojson)
})

it.each([
  ['nothing', ''],
  ['a text', 'Miller'],
  ['XML of another kind', '<svg/>'],
  ['a document type', '<!DOCTYPE a><Annotations/>'],
])('%s is refused without quoting it', async (_, text) => {
  await expect(clean(text)).rejects.toThrow(/^it (is neither|declares|'s root)|its root element/)
})

describe.skipIf(!sharedData)(`sample files${unlessMissing}`, () => {
  const samples = ['imagescope', 'qupath', 'asap'].flatMap(folder => samplesOf(folder))
  it.each(samples)('$name', async ({ bytes }) => {
    const { annotations, geojson } = await cleanAnnotationFile(bytes, { ...options, width: 200_000, height: 200_000 })
    expect(annotations).toBeGreaterThan(0)
    expect(JSON.parse(geojson.toString()).features).toHaveLength(annotations)
  })
})

function feature(properties: object): string {
  return JSON.stringify({ type: 'Feature', geometry: { type: 'Point', coordinates: [5, 5] }, properties })
}

function asap(attributes: string): string {
  return `<ASAP_Annotations><Annotations><Annotation Type="Dot" ${attributes}><Coordinates>
    <Coordinate Order="0" X="5" Y="5"/></Coordinates></Annotation></Annotations></ASAP_Annotations>`
}
