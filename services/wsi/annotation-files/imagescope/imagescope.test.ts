import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedData, unlessMissing } from '../../test-data.ts'
import type { Content } from '../annotation.ts'
import { type Part, partArea, partLength, partsOf } from '../geometry.ts'
import type { ReadContent, Skipped } from '../read-sink.ts'
import { content, samplesOf } from '../testing.ts'
import { readImageScope } from './read.ts'
import { imageScopeWriter } from './write.ts'

async function read(
  file: string | Uint8Array,
): Promise<{ contents: Content[]; found: ReadContent[]; skipped: Skipped[] }> {
  const found: ReadContent[] = []
  const skipped: Skipped[] = []
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  await readImageScope(bytes, { content: one => found.push(one), skip: one => skipped.push(one) })
  return { contents: found.map(one => one.content), found, skipped }
}
function write(contents: readonly Content[], mpp = 0): string {
  const writer = imageScopeWriter(mpp)
  for (const one of contents) writer.add(one)
  return [...writer.finish()].join('')
}

const vertices = (text: string): string =>
  `<Vertices>${text
    .split(' ')
    .filter(pair => pair !== '')
    .map(pair => pair.split(','))
    .map(([x, y]) => `<Vertex X="${x}" Y="${y}" Z="0"/>`)
    .join('')}</Vertices>`
const region = (attributes: string, points: string, inside = ''): string =>
  `<Region ${attributes}>${inside}${vertices(points)}</Region>`
const layer = (regions: string, attributes = 'Id="1" Name="" LineColor="65280"', before = ''): string =>
  `<Annotation ${attributes}>${before}<Regions>${regions}</Regions></Annotation>`
const file = (...layers: string[]): string => `<Annotations MicronsPerPixel="0.5">${layers.join('')}</Annotations>`
const square = (x: number, y: number, size: number): string =>
  `${x},${y} ${x + size},${y} ${x + size},${y + size} ${x},${y + size} ${x},${y}`

describe.skipIf(!sharedData)(`files of ImageScope${unlessMissing}`, () => {
  it.each(samplesOf('imagescope'))('$name: what is exported reads as what was imported', async ({ bytes }) => {
    const first = await read(bytes)
    const second = await read(write(first.contents))
    expect(second.contents).toEqual(first.contents)
    expect(second.skipped).toEqual([])
  })

  it('cuts the negative region of NP391 that lies inside, and keeps the two that cross its border', async () => {
    const { contents, found, skipped } = await read(sample('NP391-16_PLP_LVC_20x.xml'))
    expect(contents.map(({ kind }) => kind)).toEqual([...Array(3).fill('polygon'), ...Array(10).fill('ruler')])
    expect(contents.slice(0, 4).map(one => one.isExclusion)).toEqual([false, true, true, false])
    const part = partsOf(contents[0]!.geometry)[0] as Extract<Part, { type: 'area' }>
    expect(part.rings.map(ring => ring.length)).toEqual([1897, 778])
    // By the sizes that ImageScope itself wrote.
    expect(partArea(part)).toBeCloseTo(172_764_736 - 48_707, -1)
    expect(partLength(part)).toBeCloseTo(75_713.1, 0)
    expect(contents[0]!.layer).toEqual({ name: 'Layer 1', color: [0, 255, 0] })
    expect(contents[3]!.layer).toEqual({ name: 'Layer 2', color: [255, 255, 0] })
    expect(found[3]!.place).toBe('layer 2, region 1')
    expect(skipped).toEqual([])
  })

  it('keeps the figures of an analysis', async () => {
    const { contents, skipped } = await read(sample('NP004-15-13Ra-PLP.xml'))
    expect(contents[1]!.measurements).toMatchObject({ 'Average Positive Intensity': 152.621 })
    expect(contents.map(one => one.layer?.name)).toEqual([
      'Layer 37338',
      'PLP Colour decon1-v4 output',
      'PLP Colour decon1-v4 output (2)',
    ])
    expect(skipped.map(({ place }) => place)).toEqual(['layer 2', 'layer 3'])
  })

  it('takes regions with a wrong type by their vertices and tells of empty layers', async () => {
    const { contents, skipped } = await read(sample('TCGA-EJ-5518-01Z-00-DX1.xml'))
    expect(contents.map(({ kind }) => kind)).toEqual(Array(4).fill('polygon'))
    const areas = contents.map(one => partArea(partsOf(one.geometry)[0]!))
    expect(areas[3]).toBeCloseTo(8_308_723.7, -3)
    expect(skipped).toEqual([
      { place: 'layer 2', reason: 'it has no regions' },
      { place: 'layer 5', reason: 'it has no regions' },
    ])
  })

  it('reads rectangle, arrow and ellipse', async () => {
    const { contents } = await read(sample('imagescope_utils_test.xml'))
    const kinds = contents.map(({ kind }) => kind)
    expect(kinds).toEqual(['polygon', 'rectangle', 'rectangle', 'arrow', 'arrow', 'arrow', 'ellipse'])
  })
})
const sample = (name: string) => samplesOf('imagescope').find(one => one.name === name)!.bytes

describe('round trip', () => {
  /** Parts of multi-geometries become regions of their own: this is what the file can say. */
  const meaning = (contents: readonly Content[]) =>
    contents
      .flatMap(({ geometry, name, isLocked, measurements, metadata, term, kind }) =>
        partsOf(geometry).map(part => ({
          part,
          name,
          measurements,
          metadata,
          term: term?.name,
          isLocked,
          isEllipse: kind === 'ellipse',
        })),
      )
      .map(one => JSON.stringify(one))
      .sort()

  it('keeps shapes, holes, names, terms and figures', async () => {
    await fc.assert(
      fc.asyncProperty(content, async one => {
        const { contents, skipped } = await read(write([one]))
        expect(skipped).toEqual([])
        // A line whose ends meet reads as an area, and two ends of no length in between as one.
        if (one.geometry.type.endsWith('LineString') && meaning(contents).some(text => text.includes('"area"'))) return
        expect(meaning(contents)).toEqual(meaning([one]))
        if (one.layer?.color) expect(contents[0]!.layer).toEqual(one.layer)
      }),
    )
  })

  it('is stable: a second round changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 8 }), async contents => {
        const first = await read(write(contents))
        const second = await read(write(first.contents))
        expect(second.contents).toEqual(first.contents)
      }),
      { numRuns: 50 },
    )
  })
})

describe('negative regions', () => {
  const areas = (contents: readonly Content[]) => contents.flatMap(one => partsOf(one.geometry).map(partArea))
  const negative = 'Type="0" NegativeROA="1"'

  it('become holes of every region that contains them', async () => {
    const { contents } = await read(
      file(
        layer(
          region('Id="1" Type="0"', square(0, 0, 100)) +
            region('Id="2" Type="0"', square(10, 10, 50)) +
            region(`Id="3" ${negative}`, square(20, 20, 10)),
        ),
      ),
    )
    expect(areas(contents)).toEqual([10_000 - 100, 2500 - 100])
    const again = await read(write(contents))
    expect(again.contents).toEqual(contents)
  })

  it('become a hole of the region that they name', async () => {
    const { contents } = await read(
      file(
        layer(
          region('Id="1" Type="0"', square(0, 0, 100)) +
            region('Id="2" Type="0"', square(10, 10, 50)) +
            region(`Id="3" InputRegionId="2" ${negative}`, square(20, 20, 10)),
        ),
      ),
    )
    expect(areas(contents)).toEqual([10_000, 2400])
  })

  it('come before their region as well as after it, and never cross layers', async () => {
    const { contents } = await read(
      file(
        layer(region(`Id="1" ${negative}`, square(20, 20, 10)) + region('Id="2" Type="0"', square(0, 0, 100))),
        layer(region(`Id="1" ${negative}`, square(50, 50, 10)), 'Id="2"'),
      ),
    )
    expect(areas(contents)).toEqual([9900, 100])
    expect(contents.map(one => one.isExclusion)).toEqual([false, true])
  })

  it.each([
    ['alone', square(500, 500, 10)],
    ['across a border', square(95, 50, 10)],
    ['around its region', square(-10, -10, 200)],
    ['over another hole', square(25, 25, 10)],
  ])('stay regions of their own: %s', async (_, points) => {
    const { contents } = await read(
      file(
        layer(
          region('Id="1" Type="0"', square(0, 0, 100)) +
            region(`Id="2" ${negative}`, square(20, 20, 10)) +
            region(`Id="3" ${negative}`, points),
        ),
      ),
    )
    expect(contents.map(one => [one.isExclusion, one.term?.name])).toEqual([
      [false, undefined],
      [true, 'Exclude'],
    ])
    const text = write(contents)
    expect(text.match(/NegativeROA="1" InputRegionId="1"/g)).toHaveLength(1)
    expect(text.match(/NegativeROA="1" InputRegionId="0"/g)).toHaveLength(1)
    expect((await read(text)).contents).toEqual(contents)
  })

  it('turn an ellipse into a polygon, since readers of ellipses know no holes', async () => {
    const { contents } = await read(
      file(layer(region('Id="1" Type="2"', '0,0 100,100') + region(`Id="2" ${negative}`, square(45, 45, 10)))),
    )
    expect(contents.map(one => one.kind)).toEqual(['polygon'])
  })
})

describe('tolerance', () => {
  const one = async (attributes: string, points: string) =>
    (await read(file(layer(region(attributes, points))))).contents[0]

  it.each([
    ['point', 'Type="5"', '1,2'],
    ['line', 'Type="0"', '1,2 3,4'],
    ['ruler', 'Type="4"', '1,2 3,4'],
    ['arrow', 'Type="3"', '1,2 3,4'],
    ['ellipse', 'Type="2"', '1,2 3,4'],
    ['rectangle', 'Type="1"', '0,0 4,0 4,4 0,4'],
    ['rectangle', 'Type="2"', '0,0 4,0 4,4 0,4'],
    ['polygon', 'Type="1"', '0,0 4,1 4,4 0,4'],
    ['polygon', 'Type="0"', '0,0 4,0 4,4 0,4'],
    ['line', 'Type="4"', '0,0 4,0 4,4 0,4'],
    ['polygon', 'Type="4"', '0,0 4,0 4,4 0,4 0,0'],
    ['polygon', 'Type="17"', '0,0 4,0 4,4'],
    ['rectangle', 'Type="Rectangle"', '0,0 4,4'],
    ['ellipse', 'Type="0" GeoShape="Ellipse"', '5,0 10,5 5,10 0,5'],
    ['point', 'Type="0" GeoShape="Points"', '5,0 10,5'],
  ])('%s from %s and %s', async (kind, attributes, points) => {
    expect((await one(attributes, points))?.kind).toBe(kind)
  })

  it('reads decimal commas, exponents and negative numbers', async () => {
    const comma = file(layer('<Region><Vertices><Vertex X="1,5" Y="-2.5e1"/></Vertices></Region>'))
    expect((await read(comma)).contents[0]!.geometry).toEqual({ type: 'Point', coordinates: [1.5, -25] })
  })

  it.each([
    ['255', [255, 0, 0]],
    ['65280', [0, 255, 0]],
    ['16711680', [0, 0, 255]],
    ['-16776961', [255, 0, 0]],
    ['4278190335', [255, 0, 0]],
    ['red', null],
  ])('LineColor %s', async (color, expected) => {
    const { contents } = await read(file(layer(region('', '1,1'), `Name="a" LineColor="${color}"`)))
    expect(contents[0]!.layer).toEqual({ name: 'a', color: expected })
  })

  it('reads UTF-16, byte order marks and Latin-1', async () => {
    const text = file(layer(region('Text="µ-Bezirk"', '1,1')))
    const nameIn = async (bytes: Uint8Array) => (await read(bytes)).contents[0]!.name
    expect(await nameIn(Buffer.from(`\ufeff${text}`))).toBe('µ-Bezirk')
    expect(await nameIn(Buffer.from(`\ufeff${text}`, 'utf16le'))).toBe('µ-Bezirk')
    expect(await nameIn(Buffer.from(`\ufeff${text}`, 'utf16le').swap16())).toBe('µ-Bezirk')
    expect(await nameIn(Buffer.from(text, 'utf16le'))).toBe('µ-Bezirk')
    expect(await nameIn(Buffer.from(text, 'latin1'))).toBe('µ-Bezirk')
    expect(await nameIn(Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${text}`, 'latin1'))).toBe('µ-Bezirk')
    expect(await nameIn(Buffer.from(`<?xml version="1.0" encoding="UTF-16"?>${text}`))).toBe('µ-Bezirk')
  })

  it('names what it leaves out by place and reason', async () => {
    const { contents, skipped } = await read(
      file(
        '<Annotation/>',
        layer(region('Text="Miller"', '') + region('', '1,x') + region('', '1,2')),
        layer('', 'Id="9"', '<Attributes><Attribute Name="a" Value="b"/></Attributes>'),
      ),
    )
    expect(contents).toHaveLength(1)
    expect(skipped).toEqual([
      { place: 'layer 1', reason: 'it has no regions' },
      { place: 'layer 2, region 1', reason: 'it has no vertices' },
      { place: 'layer 2, region 2', reason: 'its vertex 1 has no usable X and Y' },
      { place: 'layer 3', reason: '1 attributes of the layer are not kept' },
      { place: 'layer 3', reason: 'it has no regions' },
    ])
  })
})

describe('hostile files', () => {
  it.each([
    ['a document type', '<!DOCTYPE Annotations [<!ENTITY a "b">]><Annotations/>', /declares a document type/],
    ['an external entity', '<!DOCTYPE A SYSTEM "file:///etc/passwd"><Annotations/>', /declares a document type/],
    ['an unknown entity', '<Annotations a="&secret;"/>', /not well-formed XML at line 1/],
    ['a broken file', '<Annotations><Annotation Name="Miller"', /^it is not well-formed XML at line 1, column \d+$/],
    ['another root', '<ASAP_Annotations/>', /root element is not Annotations/],
    ['nothing', '', /not well-formed/],
    ['JSON', '{}', /not well-formed/],
    [
      'an unknown encoding',
      '<?xml version="1.0" encoding="klingon"?><Annotations a="\u00ff"/>',
      /encoding is not known/,
    ],
  ])('%s is refused', async (title, text, reason) => {
    await expect(read(title === 'an unknown encoding' ? Buffer.from(text, 'latin1') : text)).rejects.toThrow(reason)
  })

  it('decodes the five entities and numbered ones, once', async () => {
    const { contents } = await read(file(layer(region('Text="&lt;&amp;gt;&#65;&#x42;&quot;"', '1,1'))))
    expect(contents[0]!.name).toBe('<&gt;AB"')
    expect((await read(write(contents))).contents[0]!.name).toBe('<&gt;AB"')
  })
})

describe('export', () => {
  it('says sizes in pixels and in micrometres', async () => {
    const { contents } = await read(
      file(layer(region('Id="1"', square(0, 0, 100)) + region('Id="2" NegativeROA="1"', square(10, 10, 10)))),
    )
    expect(write(contents, 0.5)).toContain('Length="400.0" Area="9900.0" LengthMicrons="200.0" AreaMicrons="2475.0"')
    expect(write(contents, 0.5)).toContain('MicronsPerPixel="0.500000"')
    expect(write(contents)).toContain('LengthMicrons="0.0" AreaMicrons="0.0"')
  })

  it('closes polygons exactly and gives each shape its type', async () => {
    const shapes = [
      ['Type="0"', '0,0 4,0 4,5'],
      ['Type="1"', '0,0 4,0 4,4 0,4'],
      ['Type="2"', '1,2 3,4'],
      ['Type="3"', '1,2 3,4'],
      ['Type="4"', '1,2 3,4'],
    ] as const
    const { contents } = await read(file(layer(shapes.map(([type, points]) => region(type, points)).join(''))))
    const text = write(contents)
    expect([...text.matchAll(/<Region Id="\d+" (Type="\d")/g)].map(match => match[1])).toEqual(
      shapes.map(([type]) => type),
    )
    const first = [...text.matchAll(/<Vertices>(.*?)<\/Vertices>/g)][0]![1]!
    expect(first.match(/<Vertex /g)).toHaveLength(4)
    expect(first.startsWith('<Vertex X="0" Y="0"') && first.endsWith('<Vertex X="0" Y="0" Z="0"/>')).toBe(true)
  })

  it('makes a layer of each name and colour', async () => {
    const { contents } = await read(
      file(
        layer(region('', '1,1'), 'Id="7" Name="" LineColor="255"'),
        layer(region('', '2,2'), 'Id="1" Name="Tumour" LineColor="255"'),
        layer(region('', '3,3'), 'Id="2" Name="Tumour" LineColor="65280"'),
        layer(region('', '4,4'), 'Id="3" Name="a&amp;b" LineColor="255" ReadOnly="1"'),
      ),
    )
    const heads = [...write(contents).matchAll(/<Annotation (Id="\d+" Name=".*?" ReadOnly="\d").*?(LineColor="\d+") /g)]
    expect(heads.map(match => `${match[1]} ${match[2]}`)).toEqual([
      'Id="7" Name="" ReadOnly="0" LineColor="255"',
      'Id="1" Name="Tumour" ReadOnly="0" LineColor="255"',
      'Id="2" Name="Tumour" ReadOnly="0" LineColor="65280"',
      'Id="3" Name="a&amp;b" ReadOnly="1" LineColor="255"',
    ])
  })
})

it('reads and cuts many regions in little time', async () => {
  const cells = Array.from({ length: 10_000 }, (_, i) => {
    const [x, y] = [(i % 200) * 30, Math.floor(i / 200) * 30]
    return (
      region(`Id="${i + 1}" Type="0"`, square(x, y, 20)) +
      (i % 2 ? region('Type="0" NegativeROA="1"', square(x + 5, y + 5, 10)) : '')
    )
  })
  const bytes = Buffer.from(file(layer(cells.join(''))))
  const start = performance.now()
  const { contents } = await read(bytes)
  expect(contents).toHaveLength(10_000)
  expect(
    contents.filter(({ geometry }) => geometry.type === 'Polygon' && geometry.coordinates.length === 2),
  ).toHaveLength(5000)
  // Some 0.3 s on an idle core; a comparison of each with each would take minutes.
  expect(performance.now() - start).toBeLessThan(15_000)
})
