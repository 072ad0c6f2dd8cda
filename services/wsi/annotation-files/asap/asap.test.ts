import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedData, unlessMissing } from '../../test-data.ts'
import type { Content } from '../annotation.ts'
import { partArea, partsOf } from '../geometry.ts'
import type { Skipped } from '../read-sink.ts'
import { content, samplesOf } from '../testing.ts'
import { readAsap } from './read.ts'
import { asapWriter } from './write.ts'

async function read(file: string | Uint8Array): Promise<{ contents: Content[]; skipped: Skipped[] }> {
  const contents: Content[] = []
  const skipped: Skipped[] = []
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  await readAsap(bytes, { content: one => contents.push(one.content), skip: one => skipped.push(one) })
  return { contents, skipped }
}

function write(contents: readonly Content[]): string {
  const writer = asapWriter()
  for (const one of contents) writer.add(one)
  return [...writer.finish()].join('')
}

const annotation = (attributes: string, points: string): string =>
  `<Annotation ${attributes}><Coordinates>${points
    .split(' ')
    .map(pair => pair.split(','))
    .map(([x, y], i) => `<Coordinate Order="${i}" X="${x}" Y="${y}"/>`)
    .join('')}</Coordinates></Annotation>`
const file = (annotations: string, groups = ''): string =>
  `<ASAP_Annotations><Annotations>${annotations}</Annotations><AnnotationGroups>${groups}</AnnotationGroups></ASAP_Annotations>`
const square = (x: number, y: number, size: number): string =>
  `${x},${y} ${x + size},${y} ${x + size},${y + size} ${x},${y + size}`

describe.skipIf(!sharedData)(`files of ASAP${unlessMissing}`, () => {
  it.each(samplesOf('asap'))('$name: what is exported reads as what was imported', async ({ bytes }) => {
    const first = await read(bytes)
    expect(first.contents.length).toBeGreaterThan(0)
    expect(first.skipped).toEqual([])
    expect((await read(write(first.contents))).contents).toEqual(first.contents)
  })

  it('reads decimal commas', async () => {
    const { contents } = await read(samplesOf('asap').find(({ name }) => name === 'example.xml')!.bytes)
    const part = partsOf(contents[0]!.geometry)[0]!
    expect(part.type === 'area' && part.rings[0]![0]).toEqual([543.020264, 335.044464])
    expect(contents[0]).toMatchObject({ kind: 'polygon', color: [0x73, 0xd2, 0x16], layer: null, name: '' })
  })
})

describe('shapes', () => {
  it.each([
    ['point', 'Dot', '1,2'],
    ['point', 'PointSet', '1,2 3,4'],
    ['ruler', 'Measurement', '1,2 3,4'],
    ['line', 'Polygon', '1,2 3,4'],
    ['polygon', 'Polygon', '0,0 4,0 4,5'],
    ['freehand', 'Spline', '0,0 4,0 4,5'],
    ['rectangle', 'Rectangle', '0,0 4,0 4,4 0,4'],
    ['rectangle', 'Rectangle', '0,0 4,4'],
    ['polygon', 'Rectangle', '0,0 4,1 4,4 0,4'],
  ])('%s from %s %s', async (kind, type, points) => {
    const { contents } = await read(file(annotation(`Name="a" Type="${type}" PartOfGroup="None"`, points)))
    expect(contents.map(one => one.kind)).toEqual([kind])
  })

  it('vertices go by their Order, whatever the order in the file', async () => {
    const vertices = [2, 0, 1].map(i => `<Coordinate Order="${i}" X="${i}" Y="${i * i}"/>`).join('')
    const { contents } = await read(
      file(`<Annotation Type="PointSet"><Coordinates>${vertices}</Coordinates></Annotation>`),
    )
    expect(contents[0]!.geometry).toEqual({
      type: 'MultiPoint',
      coordinates: [
        [0, 0],
        [1, 1],
        [2, 4],
      ],
    })
  })

  it('groups are layers with their colours', async () => {
    const group = '<Group Name="tumour" PartOfGroup="None" Color="#ff8000"><Attributes/></Group>'
    const { contents } = await read(
      file(annotation('Name="x" Type="Dot" PartOfGroup="tumour" Color="#010203"', '1,2'), group),
    )
    expect(contents[0]).toMatchObject({ name: 'x', color: [1, 2, 3], layer: { name: 'tumour', color: [255, 128, 0] } })
  })
})

describe('exclusions', () => {
  const areas = (contents: readonly Content[]) => contents.flatMap(one => partsOf(one.geometry).map(partArea))
  const type = 'Type="Polygon"'

  it('are holes of what contains them, or of the one that they name', async () => {
    const outer = annotation(`Name="a" ${type} PartOfGroup="tissue"`, square(0, 0, 100))
    const inner = annotation(`Name="b" ${type} PartOfGroup="tumour"`, square(10, 10, 50))
    const hole = (name: string) => annotation(`Name="${name}" ${type} PartOfGroup="Exclusion"`, square(20, 20, 10))
    expect(areas((await read(file(outer + inner + hole('Annotation 2')))).contents)).toEqual([9900, 2400])
    expect(areas((await read(file(outer + inner + hole('b (hole)')))).contents)).toEqual([10_000, 2400])
  })

  it('that lie in nothing stay annotations of their own', async () => {
    const { contents } = await read(file(annotation(`Name="a" ${type} PartOfGroup="_2"`, square(0, 0, 9))))
    expect(contents).toMatchObject([{ isExclusion: true, layer: { name: '_2' } }])
    expect((await read(write(contents))).contents).toMatchObject([{ isExclusion: true, layer: { name: '_2' } }])
  })
})

describe('round trip', () => {
  it('keeps areas with their holes, points and rulers, and their layers', async () => {
    const meaning = (contents: readonly Content[]) =>
      contents.flatMap(one => partsOf(one.geometry).map(part => JSON.stringify(part))).sort()
    const carried = (one: Content) => !one.geometry.type.endsWith('LineString') && one.layer?.name !== 'None'
    await fc.assert(
      fc.asyncProperty(content.filter(carried), async one => {
        const { contents, skipped } = await read(write([one]))
        expect(skipped).toEqual([])
        expect(meaning(contents)).toEqual(meaning([one]))
        if (one.layer) expect(contents[0]!.layer?.name).toBe(one.layer.name)
      }),
    )
  })
})

describe('hostile files', () => {
  it.each([
    [
      'a document type',
      '<!DOCTYPE A [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><ASAP_Annotations/>',
      /declares a document type/,
    ],
    ['an external entity', '<!DOCTYPE A SYSTEM "file:///etc/passwd"><ASAP_Annotations/>', /declares a document type/],
    ['another root', '<Annotations/>', /root element is not ASAP_Annotations/],
    [
      'a broken file',
      '<ASAP_Annotations><Annotation Name="Miller"',
      /^it is not well-formed XML at line 1, column \d+$/,
    ],
  ])('%s is refused', async (_, text, reason) => {
    await expect(read(text)).rejects.toThrow(reason)
  })

  it.each([
    ['no coordinates', '<Annotation Type="Dot"/>', 'it has no coordinates'],
    ['no number', annotation('Type="Dot"', 'x,1'), 'its coordinate 1 has no usable X and Y'],
    [
      'the same Order twice',
      '<Annotation Type="Dot"><Coordinate Order="0" X="1" Y="1"/><Coordinate Order="0" X="2" Y="2"/></Annotation>',
      'its coordinate 2 has no Order of its own',
    ],
  ])('%s is skipped by place and reason', async (_, text, reason) => {
    expect(await read(file(text))).toEqual({ contents: [], skipped: [{ place: 'annotation 1', reason }] })
  })
})
