import { type Content, type Kind, noContent, type Rgb } from '../annotation.ts'
import { Unusable } from '../errors.ts'
import { boxOfPositions, boxRing, closed, FARTHEST, type Geometry, isBoxRing, type Position } from '../geometry.ts'
import { cutHoles } from '../holes.ts'
import { coordinate } from '../numbers.ts'
import type { ReadSink } from '../read-sink.ts'
import { shortText } from '../text.ts'
import { readXml } from '../xml.ts'
import { GIVEN_NAME, HOLE_SUFFIX, isExclusionGroup, NO_GROUP } from './names.ts'

type Attributes = Record<string, string>

interface RawAnnotation {
  place: string
  attributes: Attributes
  /** By `Order`, which says where a vertex belongs, whatever the order in the file. */
  vertices: Map<number, Position>
  /** Why it cannot be used; the first reason counts. */
  fault: string | undefined
}

interface Region {
  raw: RawAnnotation
  id: string
  isNegative: boolean
  inputRegionId: string
  kind: Kind
  geometry: Geometry
}

/**
 * Reads ASAP's XML: a group is a layer, an annotation of the group `Exclusion` a hole where it can be one.
 * @throws Unusable when the file as a whole cannot be read
 */
export async function readAsap(bytes: Uint8Array, sink: ReadSink): Promise<void> {
  const annotations: RawAnnotation[] = []
  const groups = new Map<string, Rgb | null>()
  let elements = 0
  let current: RawAnnotation | undefined
  await readXml(bytes, {
    open(name, attributes) {
      elements += 1
      if (elements === 1 && name !== 'ASAP_Annotations')
        throw new Unusable('its root element is not ASAP_Annotations; it is no ASAP file')
      if (name === 'Annotation') {
        current = { place: `annotation ${annotations.length + 1}`, attributes, vertices: new Map(), fault: undefined }
        annotations.push(current)
      } else if (name === 'Coordinate' && current) addVertex(current, attributes)
      else if (name === 'Group') groups.set(attributes.Name ?? '', hexColor(attributes.Color))
    },
    close(name) {
      if (name === 'Annotation') current = undefined
    },
  })
  tell(annotations, groups, sink)
}

function tell(annotations: readonly RawAnnotation[], groups: ReadonlyMap<string, Rgb | null>, sink: ReadSink): void {
  const regions: Region[] = []
  const attempt = (raw: RawAnnotation, work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      sink.skip({ place: raw.place, reason: error.reason })
    }
  }
  for (const raw of annotations) attempt(raw, () => regions.push(regionOf(raw)))
  for (const region of cutHoles(regions)) {
    attempt(region.raw, () => sink.content({ place: region.raw.place, content: contentOf(region, groups) }))
  }
}

function addVertex(annotation: RawAnnotation, { Order, X, Y }: Attributes): void {
  const [order, x, y] = [Number(Order), coordinate(X), coordinate(Y)]
  const nth = annotation.vertices.size + 1
  if (!(Math.abs(x) <= FARTHEST && Math.abs(y) <= FARTHEST))
    annotation.fault ??= `its coordinate ${nth} has no usable X and Y`
  else if (!Number.isInteger(order) || order < 0 || annotation.vertices.has(order))
    annotation.fault ??= `its coordinate ${nth} has no Order of its own`
  else annotation.vertices.set(order, [x, y])
}

function regionOf(raw: RawAnnotation): Region {
  if (raw.fault !== undefined) throw new Unusable(raw.fault)
  const { Type = '', Name = '', PartOfGroup = '' } = raw.attributes
  const vertices = [...raw.vertices].sort(([a], [b]) => a - b).map(([, position]) => position)
  const isNegative = isExclusionGroup(PartOfGroup)
  const inputRegionId = isNegative && Name.endsWith(HOLE_SUFFIX) ? Name.slice(0, -HOLE_SUFFIX.length) : ''
  return { raw, id: Name, isNegative, inputRegionId, ...shapeOf(Type, vertices) }
}

/** A spline is taken by its corners: the curve that ASAP draws through them is not part of the file. */
function shapeOf(type: string, vertices: readonly Position[]): { kind: Kind; geometry: Geometry } {
  const [first] = vertices
  if (!first) throw new Unusable('it has no coordinates')
  if (type === 'Dot' || vertices.length === 1) return { kind: 'point', geometry: { type: 'Point', coordinates: first } }
  if (type === 'PointSet') return { kind: 'point', geometry: { type: 'MultiPoint', coordinates: vertices } }
  const ring = closed(type === 'Rectangle' && vertices.length === 2 ? boxRing(boxOfPositions(vertices)) : vertices)
  if (type === 'Measurement' || ring.length < 4)
    return { kind: type === 'Measurement' ? 'ruler' : 'line', geometry: { type: 'LineString', coordinates: vertices } }
  const isBox = type === 'Rectangle' && isBoxRing(ring)
  const kind = isBox ? 'rectangle' : type === 'Spline' ? 'freehand' : 'polygon'
  return { kind, geometry: { type: 'Polygon', coordinates: [ring] } }
}

function contentOf({ raw, kind, geometry, isNegative }: Region, groups: ReadonlyMap<string, Rgb | null>): Content {
  const { Name = '', PartOfGroup = '', Color } = raw.attributes
  const group = PartOfGroup.trim() === NO_GROUP ? '' : shortText(PartOfGroup.trim(), 'group')
  return {
    ...noContent,
    kind,
    geometry,
    name: GIVEN_NAME.test(Name) ? '' : shortText(Name, 'name'),
    color: hexColor(Color),
    layer: group === '' ? null : { name: group, color: groups.get(PartOfGroup) ?? null },
    isExclusion: isNegative,
  }
}

function hexColor(text: string | undefined): Rgb | null {
  const hex = /^#([0-9a-f]{6})$/i.exec(text?.trim() ?? '')?.[1]
  if (hex === undefined) return null
  const value = Number.parseInt(hex, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}
