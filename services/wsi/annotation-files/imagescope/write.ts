import type { Content, Rgb } from '../annotation.ts'
import { boxOf, ellipseSize, type Part, type Position, partArea, partLength, partsOf } from '../geometry.ts'
import { decimal, escaped } from '../xml-text.ts'
import { EXCLUDE, TERM_HEADER } from './names.ts'

/** One Annotation element while its regions are collected. */
interface OpenLayer {
  name: string
  color: Rgb
  isLocked: boolean
  regions: string[]
  /** Ids of attributes by their names. */
  headers: Map<string, number>
}
interface RegionParts {
  type: number
  vertices: readonly Position[]
  length: number
  area: number
}

/** ImageScope's own default. */
const GREEN: Rgb = [0, 255, 0]

export interface ImageScopeWriter {
  add(content: Content): void
  /** The document in pieces, layers in order of their first annotation. */
  finish(): Generator<string>
}

/**
 * Collects annotations and writes them as ImageScope's XML; what it cannot carry is named in the README.
 * @param mpp micrometres per pixel; 0: lengths and areas in micrometres are 0, as ImageScope writes them
 */
export function imageScopeWriter(mpp: number): ImageScopeWriter {
  const layers = new Map<string, OpenLayer>()
  return {
    add(content) {
      const layer = layerOf(layers, content)
      layer.isLocked &&= content.isLocked
      const attributes = attributesText(layer, content)
      for (const part of partsOf(content.geometry)) addPart(layer, content, part, attributes, mpp)
    },
    *finish() {
      yield `<?xml version="1.0" encoding="UTF-8"?>\n<Annotations MicronsPerPixel="${mpp.toFixed(6)}">\n`
      const ids = layerIds([...layers.values()].map(layer => layer.name))
      for (const [index, layer] of [...layers.values()].entries()) yield* layerText(layer, ids[index]!)
      yield '</Annotations>\n'
    },
  }
}

function layerOf(layers: Map<string, OpenLayer>, { layer, term, color }: Content): OpenLayer {
  const name = layer?.name ?? term?.name ?? ''
  const line = layer?.color ?? term?.color ?? color ?? GREEN
  const key = JSON.stringify([name, line])
  const found = layers.get(key) ?? { name, color: line, isLocked: true, regions: [], headers: new Map() }
  layers.set(key, found)
  return found
}

interface LayerId {
  id: number
  /** Whether the id says the name, as ImageScope shows layers without one. */
  isNameless: boolean
}

/** `Layer 3` is written without a name and with the Id 3, the form in which it came or would be shown. */
function layerIds(names: string[]): LayerId[] {
  const taken = new Set<number>()
  const claimed = names.map(name => {
    const id = Number(/^Layer ([1-9]\d{0,8})$/.exec(name)?.[1] ?? 0)
    if (id === 0 || taken.has(id)) return undefined
    taken.add(id)
    return id
  })
  let next = 1
  return claimed.map((id, index) => {
    if (id !== undefined) return { id, isNameless: true }
    while (taken.has(next)) next += 1
    taken.add(next)
    return { id: next, isNameless: names[index] === '' }
  })
}

function* layerText(layer: OpenLayer, { id, isNameless }: LayerId): Generator<string> {
  const [r, g, b] = layer.color
  yield ` <Annotation Id="${id}" Name="${isNameless ? '' : escaped(layer.name)}" ReadOnly="${layer.isLocked ? 1 : 0}"` +
    ' NameReadOnly="0" LineColorReadOnly="0" Incremental="0" Type="4"' +
    ` LineColor="${(b << 16) | (g << 8) | r}" Visible="1" Selected="0" MarkupImagePath="" MacroName="">\n` +
    '  <Attributes/>\n  <Regions>\n   <RegionAttributeHeaders>\n' +
    [...FIXED_HEADERS, ...layer.headers].map(headerText).join('') +
    '   </RegionAttributeHeaders>\n'
  yield* layer.regions
  yield '  </Regions>\n  <Plots/>\n </Annotation>\n'
}

const FIXED_HEADERS: [name: string, id: number][] = [
  ['Region', 9999],
  ['Length', 9997],
  ['Area', 9996],
  ['Text', 9998],
]
const headerText = ([name, id]: [string, number]): string =>
  `    <AttributeHeader Id="${id}" Name="${escaped(name)}" ColumnWidth="-1"/>\n`

/** Term, measurements and foreign metadata; a region's attribute names its header by Id. */
function attributesText(layer: OpenLayer, { term, isExclusion, measurements, metadata }: Content): string {
  const isImplied = term === null || (isExclusion && term.name === EXCLUDE)
  const said: [string, string][] = [
    ...(isImplied ? [] : [[TERM_HEADER, term.name] as [string, string]]),
    ...Object.entries(measurements).map(([name, value]): [string, string] => [name, String(value)]),
    ...Object.entries(metadata),
  ]
  if (said.length === 0) return '<Attributes/>'
  const lines = said.map(([name, value], index) => {
    const header = layer.headers.get(name) ?? layer.headers.size + 1
    layer.headers.set(name, header)
    return `<Attribute Name="${header}" Id="${index}" Value="${escaped(value)}"/>`
  })
  return `<Attributes>${lines.join('')}</Attributes>`
}

function addPart(layer: OpenLayer, content: Content, part: Part, attributes: string, mpp: number): void {
  const id = layer.regions.length + 1
  const text = escaped(content.name)
  const negative = content.isExclusion
  layer.regions.push(regionText({ id, ...regionOf(content, part) }, { text, negative, attributes, parent: 0, mpp }))
  // A negative region cannot have holes of its own.
  if (part.type !== 'area' || negative) return
  for (const hole of part.rings.slice(1)) {
    const region = { id: layer.regions.length + 1, type: 0, vertices: hole, ...sizeOf({ type: 'area', rings: [hole] }) }
    layer.regions.push(regionText(region, { text: '', negative: true, attributes: '<Attributes/>', parent: id, mpp }))
  }
}

const sizeOf = (part: Part): { length: number; area: number } => ({ length: partLength(part), area: partArea(part) })

function regionOf({ kind, geometry }: Content, part: Part): RegionParts {
  const size = sizeOf(part)
  if (part.type === 'point') return { type: 0, vertices: [part.at], ...size }
  if (part.type === 'line') return { type: lineType(kind, part.path), vertices: part.path, ...size }
  const border = part.rings[0]!
  if (kind === 'ellipse') {
    const box = boxOf(geometry)
    const corners: Position[] = [
      [box.x0, box.y0],
      [box.x1, box.y1],
    ]
    return { type: 2, vertices: corners, ...ellipseSize(box) }
  }
  if (kind === 'rectangle') return { type: 1, vertices: border.slice(0, 4), ...size }
  return { type: 0, vertices: border, ...size }
}

/** Two vertices of type 4 are a ruler; a plain line of two is left to its number of vertices. */
function lineType(kind: Content['kind'], path: readonly Position[]): number {
  if (kind === 'arrow') return 3
  return kind === 'ruler' || path.length > 2 ? 4 : 0
}

function regionText(
  { id, type, vertices, length, area }: RegionParts & { id: number },
  {
    text,
    negative,
    attributes,
    parent,
    mpp,
  }: {
    text: string
    negative: boolean
    attributes: string
    /** The Id of the region that a hole belongs to, or 0. */
    parent: number
    mpp: number
  },
): string {
  const sizes = `Length="${length.toFixed(1)}" Area="${area.toFixed(1)}"`
  const microns = `LengthMicrons="${(length * mpp).toFixed(1)}" AreaMicrons="${(area * mpp ** 2).toFixed(1)}"`
  return (
    `   <Region Id="${id}" Type="${type}" Zoom="1" Selected="0" ImageLocation="" ImageFocus="-1" ${sizes} ${microns}` +
    ` Text="${text}" NegativeROA="${negative ? 1 : 0}" InputRegionId="${parent}" Analyze="1" DisplayId="${id}">\n` +
    `    ${attributes}\n    <Vertices>${vertices.map(vertexText).join('')}</Vertices>\n   </Region>\n`
  )
}

const vertexText = ([x, y]: Position): string => `<Vertex X="${decimal(x)}" Y="${decimal(y)}" Z="0"/>`
