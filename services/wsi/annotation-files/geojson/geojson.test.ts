import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedData, unlessMissing } from '../../test-data.ts'
import { type Annotation, type Content, contentFrom, contentText, digestOf } from '../annotation.ts'
import { content, samplesOf } from '../testing.ts'
import { parseJson } from './document.ts'
import { featuresOf, readFeature } from './read.ts'
import { writeFeature } from './write.ts'

const ID = '0b2f9a52-6f5e-4a0e-8d6f-3c1b6f1f0a11'
const square = {
  type: 'Polygon',
  coordinates: [[[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]]], // biome-ignore format: one line reads better
}
const feature = (properties: object = {}, others: object = {}) => ({
  type: 'Feature',
  id: ID,
  geometry: square,
  properties,
  ...others,
})
const annotationOf = (content: Content): Annotation => ({
  id: ID,
  version: 3,
  seq: 9,
  content,
  origin: 'drawn',
  author: 'u1',
  changedBy: 'u2',
  createdAt: new Date(0),
  changedAt: new Date(1),
})
const read = (value: unknown): Content => readFeature(value).content
const again = (value: Content): Content =>
  read(parseJson(Buffer.from(JSON.stringify(writeFeature(annotationOf(value))))))
const reasonFor = (value: unknown): string => {
  try {
    read(value)
  } catch (error) {
    return (error as { reason: string }).reason
  }
  return 'accepted'
}

describe('round trip', () => {
  it('keeps every content', () => {
    fc.assert(fc.property(content, one => void expect(again(one)).toEqual(one)))
  })
  it('keeps every content in its stored form', () => {
    fc.assert(fc.property(content, one => void expect(contentFrom(JSON.parse(contentText(one)))).toEqual(one)))
  })
  it('gives equal content equal digests, whatever the order of members', () => {
    const reversed = (value: unknown): unknown =>
      value && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .map(([name, member]) => [name, reversed(member)])
              .reverse(),
          )
        : value
    fc.assert(fc.property(content, one => void expect(digestOf(reversed(one) as Content)).toBe(digestOf(one))))
    expect(digestOf(read(feature({ name: 'a' })))).not.toBe(digestOf(read(feature({ name: 'b' }))))
  })
})

describe.skipIf(!sharedData)(`files of QuPath${unlessMissing}`, () => {
  it.each(samplesOf('qupath'))('$name', ({ bytes }) => {
    const found = [...featuresOf(parseJson(bytes))]
    expect(found.length).toBeGreaterThan(0)
    for (const { feature } of found) {
      const one = read(feature)
      expect(again(one)).toEqual(one)
      const { geometry, properties } = feature as { geometry: object; properties: { name?: string } }
      expect(one.geometry).toEqual(geometry)
      expect(one.name).toBe(properties.name ?? '')
      expect(one.objectType).toBe('annotation')
    }
  })
  it('reads the classes of old cells', () => {
    const cells = samplesOf('qupath').find(({ name }) => name.includes('classified'))!
    const terms = [...featuresOf(parseJson(cells.bytes))].map(({ feature }) => read(feature).term)
    expect(terms[0]).toEqual({ name: 'Cell', color: [127, 220, 58] })
    expect(new Set(terms.map(term => term?.name))).toEqual(new Set(['Cell', 'Nucleus']))
  })
  it('knows a rectangle and holes', () => {
    const byName = (name: string) => {
      const { bytes } = samplesOf('qupath').find(sample => sample.name === name)!
      return read([...featuresOf(parseJson(bytes))][0]!.feature)
    }
    expect(byName('qupath-rectangle.json').kind).toBe('rectangle')
    const { geometry } = byName('holed.geojson')
    expect(geometry.type === 'Polygon' && geometry.coordinates.length).toBe(2)
  })
})

describe('documents', () => {
  const placesIn = (document: unknown) => [...featuresOf(document)].map(({ place }) => place)
  it('are a collection, an array or one feature', () => {
    expect(placesIn({ type: 'FeatureCollection', features: [feature(), feature()] })).toEqual([
      'feature 1',
      'feature 2',
    ])
    expect(placesIn([feature()])).toEqual(['feature 1'])
    expect(placesIn(feature())).toEqual(['feature 1'])
    expect(() => placesIn({ type: 'Topology' })).toThrow('neither a Feature nor a FeatureCollection')
  })
  it('lay trees flat and leave roots out', () => {
    const tree = feature({ objectType: 'root', childObjects: [feature({ children: [feature()] })] })
    expect(placesIn(tree)).toEqual(['feature 1, child 1', 'feature 1, child 1, child 1'])
  })
  it('may have a byte order mark, UTF-16, bare NaN and doubled keys', () => {
    expect(parseJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 })
    expect(parseJson(Buffer.from('\ufeff{"a":"µ"}', 'utf16le'))).toEqual({ a: 'µ' })
    expect(parseJson(Buffer.from('{"a":NaN,"b":[-Infinity,"NaN is not \\" NaN"]}'))).toEqual({
      a: 'NaN',
      b: ['-Infinity', 'NaN is not " NaN'],
    })
    expect(parseJson(Buffer.from('{"metadata":{"a":"1"},"metadata":{"b":"2"}}'))).toEqual({ metadata: { b: '2' } })
    expect(() => parseJson(Buffer.from('{"patient": Miller'))).toThrow(/^it is not JSON$/)
  })
})

describe('forms of former versions and other programs', () => {
  it('types', () => {
    const typeOf = (value: object) => read(value).objectType
    expect(typeOf(feature({ objectType: 'detection' }))).toBe('detection')
    expect(typeOf(feature({ object_type: 'tma_core' }))).toBe('tmaCore')
    expect(typeOf(feature({ type: 'tile' }))).toBe('tile')
    expect(typeOf(feature({}, { id: 'PathCellObject' }))).toBe('cell')
    expect(typeOf(feature({ objectType: 'something new' }))).toBe('annotation')
  })
  it('classes', () => {
    const termOf = (classification: unknown) => read(feature({ classification })).term
    expect(termOf({ name: 'Tumor', color: [1, 2, 3] })).toEqual({ name: 'Tumor', color: [1, 2, 3] })
    expect(termOf({ names: ['Tumor', 'Positive'] })).toEqual({ name: 'Tumor: Positive', color: null })
    expect(termOf({ name: 'Cell', colorRGB: -8397766 })).toEqual({ name: 'Cell', color: [127, 220, 58] })
    expect(termOf({ name: 'Positive', parentClass: { name: 'Tumor' } })?.name).toBe('Tumor: Positive')
    expect(termOf('Tumor')?.name).toBe('Tumor')
    expect(termOf({})).toBeNull()
  })
  it('measurements', () => {
    const measured = (measurements: unknown) => read(feature({ measurements })).measurements
    expect(measured({ a: 1.5, b: 'NaN', c: '-inf', d: null, e: '2' })).toEqual({
      a: 1.5,
      b: 'NaN',
      c: '-Infinity',
      d: 'NaN',
      e: 2,
    })
    expect(measured([{ name: 'a', value: 1 }])).toEqual({ a: 1 })
    expect(measured([])).toEqual({})
  })
  it('an ellipse, a plane and a nucleus', () => {
    const plane = { c: -1, z: 2, t: 0 }
    const cell = feature(
      { objectType: 'cell' },
      { geometry: { ...square, isEllipse: true, plane }, nucleusGeometry: square },
    )
    const one = read(cell)
    expect(one).toMatchObject({ kind: 'ellipse', geometry: { plane }, nucleus: square })
    expect(writeFeature(annotationOf(one))).toMatchObject(cell)
  })
  it('keeps what it does not know and drops the third coordinate', () => {
    const one = read(
      feature(
        { isMissing: true, 'custom thing': { deep: [1, 'a'] }, metadata: { Note: 'x', count: 4, author: 'forged' } },
        { geometry: { type: 'Point', coordinates: [1, 2, 0] } },
      ),
    )
    expect(one.properties).toEqual({ isMissing: true, 'custom thing': { deep: [1, 'a'] } })
    expect(one.metadata).toEqual({ Note: 'x', count: '4' })
    expect(one.geometry).toEqual({ type: 'Point', coordinates: [1, 2] })
    expect(writeFeature(annotationOf(one))).toMatchObject({ properties: { metadata: { author: 'u1', version: '3' } } })
  })
  it('leaves out what no database can hold', () => {
    expect(read(feature({ name: 'a\0b', note: ['\ud800'] }))).toMatchObject({
      name: 'ab',
      properties: { note: ['\ufffd'] },
    })
  })
  it('takes a kind that the geometry cannot be as what it looks like', () => {
    expect(read(feature({ metadata: { kind: 'ruler' } })).kind).toBe('rectangle')
    expect(read(feature({ metadata: { kind: 'freehand' } })).kind).toBe('freehand')
  })
})

describe('what cannot be drawn', () => {
  const withRing = (ring: unknown) => feature({}, { geometry: { type: 'Polygon', coordinates: [ring] } })
  it.each([
    ['no geometry', feature({}, { geometry: null }), 'it has no geometry'],
    ['an unknown type', feature({}, { geometry: { type: 'Circle' } }), /of a type that GeoJSON does not have/],
    ['an open ring', withRing([[0, 0], [0, 4], [4, 4], [4, 0]]), /not closed; repeat its first position/],
    ['a short ring', withRing([[0, 0], [0, 4], [0, 0]]), /fewer than four positions/],
    ['a text', withRing([['0', 0]]), 'a coordinate is not a number'],
    ['an overflow', parseJson(Buffer.from('{"type":"Feature","geometry":{"type":"Point","coordinates":[1e999,0]}}')), /farther than/],
    ['nothing', feature({}, { geometry: { type: 'MultiPolygon', coordinates: [] } }), 'its geometry is empty'],
    ['a wrong nesting', feature({}, { geometry: { type: 'Polygon', coordinates: 7 } }), /not nested as its type asks/],
    ['a colour', feature({ color: [1, 2, 256] }), /colour is not/],
    ['a long name', feature({ name: 'x'.repeat(10_001) }), 'its name is longer than 10000 characters'],
    ['deep properties', feature({ a: JSON.parse('['.repeat(50) + ']'.repeat(50)) }), /nested too deeply/],
    ['a measurement', feature({ measurements: { a: 'Miller' } }), 'a measurement is not a number'],
  ])('%s', (_, value, reason) => {
    expect(reasonFor(value)).toMatch(reason)
  }) // biome-ignore format: one case a line
})
