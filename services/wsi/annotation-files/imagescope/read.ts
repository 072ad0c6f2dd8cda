import type { Layer, Rgb } from '../annotation.ts'
import { Unusable } from '../errors.ts'
import { FARTHEST, type Position } from '../geometry.ts'
import { cutHoles } from '../holes.ts'
import { coordinate } from '../numbers.ts'
import type { ReadSink } from '../read-sink.ts'
import { shortText } from '../text.ts'
import { readXml, type XmlEvents } from '../xml.ts'
import { contentOf, type Region, regionOf } from './region.ts'

type Attributes = Record<string, string>
/** A Region element while it is read. */
export interface RawRegion {
  place: string
  attributes: Attributes
  said: [name: string, value: string][]
  vertices: Position[]
  /** Why it cannot be used; the first reason counts. */
  fault: string | undefined
}
/** An Annotation element while it is read. */
export interface RawLayer {
  place: string
  layer: Layer
  isReadOnly: boolean
  headers: Map<string, string>
  regions: RawRegion[]
  attributeCount: number
}

/**
 * Reads ImageScope's XML: an Annotation is a layer, a Region an annotation, a Region with NegativeROA a hole where it can
 * be one. Layer after layer goes to the sink, so that the file never lies in memory as a tree.
 * @throws Unusable when the file as a whole cannot be read
 */
export async function readImageScope(bytes: Uint8Array, sink: ReadSink): Promise<void> {
  const names = new Set<string>()
  let elements = 0
  let layers = 0
  let layer: RawLayer | undefined
  let region: RawRegion | undefined
  const open: Record<string, (attributes: Attributes) => void> = {
    Annotation(attributes) {
      layers += 1
      layer = openLayer(attributes, layers, names)
    },
    AttributeHeader: ({ Id = '', Name = '' }) => layer?.headers.set(Id, Name),
    Region(attributes) {
      if (layer) region = openRegion(attributes, layer)
    },
    Attribute({ Name = '', Value = '' }) {
      if (region) region.said.push([Name, Value])
      else if (layer && Value !== '') layer.attributeCount += 1
    },
    Vertex: attributes => region && addVertex(region, attributes),
    // HALO's name for it.
    V: attributes => region && addVertex(region, attributes),
  }
  const close: Record<string, () => void> = {
    Region() {
      region = undefined
    },
    Annotation() {
      if (layer) finishLayer(layer, sink)
      layer = undefined
    },
  }
  const events: XmlEvents = {
    open(name, attributes) {
      elements += 1
      if (elements === 1) checkRoot(name)
      if (Object.hasOwn(open, name)) open[name]!(attributes)
    },
    close: name => Object.hasOwn(close, name) && close[name]!(),
  }
  await readXml(bytes, events)
}

function checkRoot(name: string): void {
  if (name !== 'Annotations') throw new Unusable('its root element is not Annotations; it is no ImageScope file')
}

function openLayer(attributes: Attributes, position: number, names: Set<string>): RawLayer {
  const color = lineColor(attributes.LineColor)
  return {
    place: `layer ${position}`,
    layer: { name: freshName(layerName(attributes, position), color, names), color },
    isReadOnly: attributes.ReadOnly === '1',
    headers: new Map(),
    regions: [],
    attributeCount: 0,
  }
}

/** A nameless layer is called by its Id, as ImageScope shows it: mappings such as PAIP's go by this number. */
function layerName({ Name = '', Id = '' }: Attributes, position: number): string {
  const name = Name.trim()
  if (name === '') return `Layer ${/^\d{1,9}$/.test(Id) ? Number(Id) : position}`
  try {
    return shortText(name, 'name')
  } catch {
    return `Layer ${position}`
  }
}

/** Layers are told apart by name and colour, so a second one of both gets a number. */
function freshName(name: string, color: Rgb | null, names: Set<string>): string {
  const keyOf = (candidate: string): string => JSON.stringify([candidate, color])
  let fresh = name
  for (let n = 2; names.has(keyOf(fresh)); n++) fresh = `${name} (${n})`
  names.add(keyOf(fresh))
  return fresh
}

/** LineColor is decimal B << 16 | G << 8 | R; some writers add alpha or a sign, which do not count. */
function lineColor(text: string | undefined): Rgb | null {
  if (text === undefined || !/^-?\d+$/.test(text.trim())) return null
  const value = Number(text)
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255]
}

function openRegion(attributes: Attributes, layer: RawLayer): RawRegion {
  const place = `${layer.place}, region ${layer.regions.length + 1}`
  const region: RawRegion = { place, attributes, said: [], vertices: [], fault: undefined }
  layer.regions.push(region)
  return region
}

function addVertex(region: RawRegion, { X, Y }: Attributes): void {
  const [x, y] = [coordinate(X), coordinate(Y)]
  if (Math.abs(x) <= FARTHEST && Math.abs(y) <= FARTHEST) region.vertices.push([x, y])
  else region.fault ??= `its vertex ${region.vertices.length + 1} has no usable X and Y`
}

function finishLayer(layer: RawLayer, sink: ReadSink): void {
  if (layer.attributeCount > 0)
    sink.skip({ place: layer.place, reason: `${layer.attributeCount} attributes of the layer are not kept` })
  if (layer.regions.length === 0) sink.skip({ place: layer.place, reason: 'it has no regions' })
  const regions: Region[] = []
  const attempt = (raw: RawRegion, work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      sink.skip({ place: raw.place, reason: error.reason })
    }
  }
  for (const raw of layer.regions) attempt(raw, () => regions.push(regionOf(raw)))
  for (const region of cutHoles(regions)) {
    attempt(region.raw, () => sink.content({ place: region.raw.place, content: contentOf(region, layer) }))
  }
}
