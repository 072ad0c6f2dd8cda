import { createHash } from 'node:crypto'
import type { Geometry, Part } from './geometry.ts'
import { isBoxRing, partsOf } from './geometry.ts'

export const KINDS = [
  'polygon',
  'freehand',
  'rectangle',
  'ellipse',
  'point',
  'line',
  'ruler',
  'arrow',
  'collection',
] as const
/** How it was drawn, or what its geometry amounts to. */
export type Kind = (typeof KINDS)[number]

/** QuPath's types of objects; `root` is not one that anybody drew. */
const OBJECT_TYPES = ['annotation', 'detection', 'cell', 'tile', 'tmaCore'] as const
export type ObjectType = (typeof OBJECT_TYPES)[number]

/** `came-with-slide`: cleaned on-prem, from a file that arrived together with the slide or for it. */
export type Origin = 'drawn' | 'imported-geojson' | 'imported-imagescope' | 'imported-asap' | 'came-with-slide'
export type Rgb = readonly [red: number, green: number, blue: number]

/** What a shape shows; QuPath's classification. */
export interface Term {
  readonly name: string
  readonly color: Rgb | null
}
/** A sheet that annotations lie on; ImageScope's Annotation. Known by its name. */
export interface Layer {
  readonly name: string
  readonly color: Rgb | null
}
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** What people say with an annotation; all else about it is the server's. */
export interface Content {
  readonly objectType: ObjectType
  readonly kind: Kind
  readonly geometry: Geometry
  /** Of a cell. */
  readonly nucleus: Geometry | null
  readonly name: string
  readonly color: Rgb | null
  readonly term: Term | null
  readonly layer: Layer | null
  /** Stands for an area that does not count (ImageScope's NegativeROA) and is not a hole of an annotation. */
  readonly isExclusion: boolean
  readonly isLocked: boolean
  readonly measurements: Readonly<Record<string, Measurement>>
  /** Entries of QuPath's metadata that mean nothing here, kept as they came. */
  readonly metadata: Readonly<Record<string, string>>
  /** Properties of the feature that mean nothing here, kept as they came. */
  readonly properties: Readonly<Record<string, Json>>
}
/** JSON has no numbers for the last three; QuPath writes them as text. */
export type Measurement = number | 'NaN' | 'Infinity' | '-Infinity'

export interface Annotation {
  /** UUID made by whoever created it. */
  readonly id: string
  /** Counts from 1; a deletion counts as well. */
  readonly version: number
  /** The slide's counter at its latest change. */
  readonly seq: number
  readonly content: Content
  readonly origin: Origin
  /** User ids. */
  readonly author: string
  readonly changedBy: string
  readonly createdAt: Date
  readonly changedAt: Date
}

export const noContent = {
  objectType: 'annotation',
  nucleus: null,
  name: '',
  color: null,
  term: null,
  layer: null,
  isExclusion: false,
  isLocked: false,
  measurements: {},
  metadata: {},
  properties: {},
} as const satisfies Omit<Content, 'kind' | 'geometry'>

/** The claimed kind when the geometry can be one, else what the geometry looks like. */
export function kindOf(geometry: Geometry, claimed: string | undefined): Kind {
  const said = KINDS.find(kind => kind === claimed)
  return said && fits(said, geometry) ? said : derivedKind(geometry)
}

function derivedKind(geometry: Geometry): Kind {
  if (geometry.type === 'GeometryCollection') return 'collection'
  if (geometry.type.endsWith('Point')) return 'point'
  if (geometry.type.endsWith('LineString')) return 'line'
  return fits('rectangle', geometry) ? 'rectangle' : 'polygon'
}

function fits(kind: Kind, geometry: Geometry): boolean {
  switch (kind) {
    case 'collection':
      return geometry.type === 'GeometryCollection'
    case 'point':
      return geometry.type.endsWith('Point')
    case 'line':
    case 'ruler':
      return geometry.type.endsWith('LineString')
    case 'arrow':
      return geometry.type === 'LineString' && geometry.coordinates.length === 2
    case 'polygon':
    case 'freehand':
      return geometry.type.endsWith('Polygon')
    case 'ellipse':
      return geometry.type === 'Polygon' && geometry.coordinates.length === 1
    case 'rectangle':
      return geometry.type === 'Polygon' && isBoxRing(geometry.coordinates[0] ?? [])
  }
}

export const verticesOf = (geometry: Geometry): number =>
  partsOf(geometry).reduce((sum, part) => sum + verticesOfPart(part), 0)

function verticesOfPart(part: Part): number {
  if (part.type === 'point') return 1
  return part.type === 'line' ? part.path.length : part.rings.reduce((sum, ring) => sum + ring.length, 0)
}

/** Content as it is stored; members that say nothing are left out. */
export function contentText(content: Content): string {
  const said = Object.entries(content).filter(([name, value]) => !isSilent(name, value))
  return JSON.stringify(Object.fromEntries(said))
}

export function contentFrom(stored: unknown): Content {
  return { ...noContent, ...(stored as Pick<Content, 'kind' | 'geometry'>) }
}

function isSilent(name: string, value: unknown): boolean {
  if (name === 'objectType') return value === 'annotation'
  if (value === null || value === '' || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** Equal for equal content, in whatever order its members came. */
export function digestOf(content: Content): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(content)))
    .digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value : value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).map(([name, member]) => [name, sorted(member)] as const)
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * The id of an entry of a file that has none: the same file makes the same ids again, so that importing it twice
 * doubles nothing.
 * @param occurrence counts the entries of equal content in one file, from 0
 */
export function derivedId(slideId: string, digest: string, occurrence: number): string {
  const hash = createHash('sha256').update(`${slideId}/${digest}/${occurrence}`).digest('hex')
  // A UUID of version 8 (RFC 9562): 122 bits of the maker's own.
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-')
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Lower case, as PostgreSQL writes it; undefined when it is not a UUID. */
export const uuidFrom = (value: unknown): string | undefined =>
  typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined
