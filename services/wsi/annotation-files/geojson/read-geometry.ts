import { Unusable } from '../errors.ts'
import { FARTHEST, type Geometry, type Plane, type Position, type Ring, type SimpleGeometry } from '../geometry.ts'

/**
 * A GeoJSON geometry as QuPath reads and writes them.
 * @throws Unusable when it cannot be drawn
 */
export function readGeometry(value: unknown): Geometry {
  const geometry = asObject(value, 'it has no geometry')
  if (geometry.type !== 'GeometryCollection') return readSimple(geometry)
  const geometries = asList(geometry.geometries, 'its GeometryCollection has no geometries').map(member =>
    readSimple(asObject(member, 'its GeometryCollection has a member that is no geometry')),
  )
  return { type: 'GeometryCollection', geometries, ...readPlane(geometry.plane) }
}

function readSimple(geometry: Record<string, unknown>): SimpleGeometry {
  const { coordinates } = geometry
  const plane = readPlane(geometry.plane)
  switch (geometry.type) {
    case 'Point':
      return { type: 'Point', coordinates: readPosition(coordinates), ...plane }
    case 'MultiPoint':
      return { type: 'MultiPoint', coordinates: listOf(coordinates, readPosition), ...plane }
    case 'LineString':
      return { type: 'LineString', coordinates: readLine(coordinates), ...plane }
    case 'MultiLineString':
      return { type: 'MultiLineString', coordinates: listOf(coordinates, readLine), ...plane }
    case 'Polygon':
      return { type: 'Polygon', coordinates: listOf(coordinates, readRing), ...plane }
    case 'MultiPolygon': {
      const polygons = listOf(coordinates, polygon => listOf(polygon, readRing))
      return { type: 'MultiPolygon', coordinates: polygons, ...plane }
    }
    default:
      throw new Unusable('its geometry is of a type that GeoJSON does not have, or a collection inside a collection')
  }
}

function readPosition(value: unknown): Position {
  const [x, y] = asList(value, 'a position is not [x, y]')
  if (typeof x !== 'number' || typeof y !== 'number') throw new Unusable('a coordinate is not a number')
  if (!(Math.abs(x) <= FARTHEST && Math.abs(y) <= FARTHEST))
    throw new Unusable(`a coordinate is farther than ${FARTHEST} px from the corner; coordinates are level-0 pixels`)
  // Adding 0 turns -0, which the database does not keep, into 0.
  return [x + 0, y + 0]
}

function readLine(value: unknown): Position[] {
  const path = listOf(value, readPosition)
  if (path.length < 2) throw new Unusable('a line has fewer than two positions')
  return path
}

function readRing(value: unknown): Ring {
  const ring = listOf(value, readPosition)
  const [first, last] = [ring[0]!, ring.at(-1)!]
  if (first[0] !== last[0] || first[1] !== last[1])
    throw new Unusable('a ring is not closed; repeat its first position at the end')
  if (ring.length < 4) throw new Unusable('a ring has fewer than four positions, of which the last repeats the first')
  return ring
}

function readPlane(value: unknown): { plane?: Plane } {
  if (value === undefined || value === null) return {}
  const { c, z, t } = asObject(value, 'the plane of its geometry is not {c, z, t}')
  const [channel, depth, time] = [c ?? -1, z ?? 0, t ?? 0]
  if (![channel, depth, time].every(Number.isSafeInteger))
    throw new Unusable('the plane of its geometry is not made of whole numbers')
  return { plane: { c: channel as number, z: depth as number, t: time as number } }
}

function listOf<Item>(value: unknown, read: (item: unknown) => Item): Item[] {
  const items = asList(value, 'its coordinates are not nested as its type asks for')
  if (items.length === 0) throw new Unusable('its geometry is empty')
  return items.map(read)
}

export function asObject(value: unknown, otherwise: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new Unusable(otherwise)
}

export function asList(value: unknown, otherwise: string): unknown[] {
  if (Array.isArray(value)) return value
  throw new Unusable(otherwise)
}
