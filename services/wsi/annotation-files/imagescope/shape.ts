import type { Kind } from '../annotation.ts'
import { Unusable } from '../errors.ts'
import {
  boxOfPositions,
  boxRing,
  closed,
  ellipseRing,
  type Geometry,
  isBoxRing,
  type Position,
  type Ring,
} from '../geometry.ts'

export interface Shape {
  kind: Kind
  geometry: Geometry
}

/** The numbers in `Region@Type`, and HALO's names for them. */
const TYPES: Readonly<Record<string, RegionType>> = {
  '0': 'free',
  '1': 'rectangle',
  '2': 'ellipse',
  '3': 'arrow',
  '4': 'ruler',
  polygon: 'free',
  rectangle: 'rectangle',
  ellipse: 'ellipse',
  ruler: 'ruler',
}
type RegionType = 'free' | 'rectangle' | 'ellipse' | 'arrow' | 'ruler'

/**
 * What a region shows, by type and by number of vertices: some programs number the types as they like, so that a type
 * counts only where the vertices can be of that type.
 * @param geoShape `Region@GeoShape`, an extension of a QuPath export script, where it is present
 * @throws Unusable for a region without vertices
 */
export function shapeOf(type: string, geoShape: string, vertices: readonly Position[]): Shape {
  const extended = byGeoShape(geoShape.toLowerCase(), vertices)
  if (extended) return extended
  const said = TYPES[type.trim().toLowerCase()] ?? 'free'
  if (vertices.length === 0) throw new Unusable('it has no vertices')
  if (vertices.length === 1) return { kind: 'point', geometry: { type: 'Point', coordinates: vertices[0]! } }
  if (vertices.length === 2) return byTwo(said, vertices)
  const ring = closed(vertices)
  const isOpen = ring !== vertices
  if (ring.length < 4 || (isOpen && (said === 'arrow' || said === 'ruler'))) return line('line', vertices)
  const isBox = (said === 'rectangle' || said === 'ellipse') && isBoxRing(ring)
  return area(isBox ? 'rectangle' : 'polygon', ring)
}

function byTwo(said: RegionType, vertices: readonly Position[]): Shape {
  if (said === 'ellipse') return area('ellipse', ellipseRing(boxOfPositions(vertices)))
  if (said === 'rectangle') return area('rectangle', boxRing(boxOfPositions(vertices)))
  return line(said === 'free' ? 'line' : said, vertices)
}

function byGeoShape(shape: string, vertices: readonly Position[]): Shape | undefined {
  if (vertices.length === 0) return undefined
  if (shape === 'points') return { kind: 'point', geometry: { type: 'MultiPoint', coordinates: vertices } }
  // Four vertices: the ends of the axes.
  if (shape === 'ellipse') return area('ellipse', ellipseRing(boxOfPositions(vertices)))
  return undefined
}

const line = (kind: Kind, coordinates: readonly Position[]): Shape => ({
  kind,
  geometry: { type: 'LineString', coordinates },
})
const area = (kind: Kind, ring: Ring): Shape => ({ kind, geometry: { type: 'Polygon', coordinates: [ring] } })
