/** An annotation as the API carries it: QuPath's GeoJSON, level-0 pixels, y down. */
export type Position = [number, number]
export type Rgb = [number, number, number]
export type Box = [x0: number, y0: number, x1: number, y1: number]

export type SimpleGeometry = (
  | { type: 'Point'; coordinates: Position }
  | { type: 'MultiPoint' | 'LineString'; coordinates: Position[] }
  | { type: 'MultiLineString' | 'Polygon'; coordinates: Position[][] }
  | { type: 'MultiPolygon'; coordinates: Position[][][] }
) & {
  /** QuPath: the bounding box is the ellipse; the vertices only sketch it. */
  isEllipse?: boolean
}
export type Geometry = SimpleGeometry | { type: 'GeometryCollection'; geometries: Geometry[]; isEllipse?: undefined }

/** The first six are drawn here; the others come with imported files. */
export type Kind =
  | 'polygon'
  | 'freehand'
  | 'rectangle'
  | 'ellipse'
  | 'point'
  | 'ruler'
  | 'line'
  | 'arrow'
  | 'collection'

/** What a shape shows: "Tumour", in a colour. */
export interface Term {
  name: string
  color: Rgb
}

export interface Properties {
  objectType: string
  name?: string
  classification?: { name?: string; names?: string[]; color?: number[] }
  isLocked?: boolean
  measurements?: Record<string, unknown>
  metadata?: Record<string, unknown>
  [other: string]: unknown
}

export interface AnnotationFeature {
  type: 'Feature'
  id: string
  geometry: Geometry
  properties: Properties
}

export interface FeatureCollection {
  type: 'FeatureCollection'
  features: AnnotationFeature[]
  nextCursor?: string | null
  seq?: number | string
}

export const DEFAULT_LAYER = 'Annotations'
/** Of a term that says no colour. */
export const NO_COLOR: Rgb = [128, 128, 128]
/** Dark, with the white rim that every shape has: none of the terms' colours. */
export const UNCLASSIFIED: Rgb = [38, 44, 54]

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const metadata = (feature: AnnotationFeature) => feature.properties.metadata ?? {}

export const nameOf = (feature: AnnotationFeature): string => text(feature.properties.name)
export const layerOf = (feature: AnnotationFeature): string => text(metadata(feature).layer) || DEFAULT_LAYER
export const isLocked = (feature: AnnotationFeature): boolean => feature.properties.isLocked === true
/** 0 means that the server has never seen it. */
export const versionOf = (feature: AnnotationFeature): number => Number(metadata(feature).version ?? 0) || 0

export function termOf(feature: AnnotationFeature): Term | null {
  const classification = feature.properties.classification
  const name = classification?.name ?? classification?.names?.join(': ')
  if (!name) return null
  const [r = 0, g = 0, b = 0] = classification?.color ?? NO_COLOR
  return { name, color: [r, g, b] }
}

/** The term's colour, else its own, else its layer's. */
export function colorOf(feature: AnnotationFeature): Rgb {
  const own = feature.properties.color
  return termOf(feature)?.color ?? (isRgb(own) ? own : layerColorOf(feature)) ?? UNCLASSIFIED
}
const isRgb = (value: unknown): value is Rgb =>
  Array.isArray(value) && value.length === 3 && value.every(channel => typeof channel === 'number')
function layerColorOf(feature: AnnotationFeature): Rgb | undefined {
  const digits = /^#([0-9a-f]{6})$/i.exec(text(metadata(feature).layerColor))?.[1]
  if (digits === undefined) return undefined
  const value = Number.parseInt(digits, 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

const KINDS: readonly Kind[] = [
  'polygon',
  'freehand',
  'rectangle',
  'ellipse',
  'point',
  'ruler',
  'line',
  'arrow',
  'collection',
]
/** The kind it says it is, else what its geometry looks like. */
export function kindOf(feature: AnnotationFeature): Kind {
  const { geometry } = feature
  if (geometry.isEllipse) return 'ellipse'
  const said = KINDS.find(kind => kind === metadata(feature).kind)
  if (said) return said
  if (geometry.type === 'GeometryCollection') return 'collection'
  if (geometry.type.endsWith('Point')) return 'point'
  return geometry.type.endsWith('LineString') ? 'line' : 'polygon'
}

export interface Draft {
  id: string
  geometry: Geometry
  kind: Kind
  layer: string
  term: Term | null
}
/** A new annotation, as a tool makes it. */
export const newFeature = ({ id, geometry, kind, layer, term }: Draft): AnnotationFeature => ({
  type: 'Feature',
  id,
  geometry,
  properties: {
    objectType: 'annotation',
    ...(term && { classification: term }),
    metadata: { layer, kind },
  },
})

export const withGeometry = (feature: AnnotationFeature, geometry: Geometry): AnnotationFeature => ({
  ...feature,
  geometry,
})
const withProperties = (feature: AnnotationFeature, changes: Partial<Properties>): AnnotationFeature => {
  const properties = { ...feature.properties, ...changes }
  for (const key of Object.keys(properties)) if (properties[key] === undefined) delete properties[key]
  return { ...feature, properties }
}
export const withName = (feature: AnnotationFeature, name: string) =>
  withProperties(feature, { name: name.trim() || undefined })
export const withTerm = (feature: AnnotationFeature, term: Term | null) =>
  withProperties(feature, { classification: term ?? undefined, color: undefined })
export const withLock = (feature: AnnotationFeature, locked: boolean) =>
  withProperties(feature, { isLocked: locked || undefined })
export const withMetadata = (feature: AnnotationFeature, changes: Record<string, unknown>) =>
  withProperties(feature, { metadata: { ...metadata(feature), ...changes } })

const EMPTY: Geometry = { type: 'MultiPoint', coordinates: [] }
/** The same annotation under another id, as if just drawn: without what the server knew about the old one. */
export function asNew(id: string, feature?: AnnotationFeature): AnnotationFeature {
  if (!feature) return { type: 'Feature', id, geometry: EMPTY, properties: { objectType: 'annotation' } }
  const { layer, kind } = metadata(feature)
  return withProperties({ ...feature, id }, { metadata: { layer, kind } })
}

/** True when a person would see no difference; version, author and times are the server's and do not count. */
export function sameContent(a: AnnotationFeature | null, b: AnnotationFeature | null): boolean {
  if (!a || !b) return a === b
  return content(a) === content(b)
}
const content = (feature: AnnotationFeature): string =>
  JSON.stringify([
    geometryContent(feature.geometry),
    nameOf(feature),
    layerOf(feature),
    termOf(feature),
    isLocked(feature),
  ])

const geometryContent = (geometry: Geometry): unknown =>
  geometry.type === 'GeometryCollection'
    ? geometry.geometries.map(geometryContent)
    : [geometry.type, geometry.coordinates, geometry.isEllipse === true]

export const sameGeometry = (a: Geometry, b: Geometry): boolean =>
  a === b || JSON.stringify(geometryContent(a)) === JSON.stringify(geometryContent(b))
