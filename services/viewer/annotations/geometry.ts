/** Plane geometry in level-0 pixels; pure. */
import type { AnnotationFeature, Box, Geometry, Position, SimpleGeometry } from './model.ts'
import { kindOf } from './model.ts'

/** Enough corners that an ellipse looks smooth at every zoom it is drawn at. */
const ELLIPSE_CORNERS = 96

type Nested = Position | Nested[]
const isPosition = (value: Nested): value is Position => typeof value[0] === 'number'

export function* positions(geometry: Geometry): Generator<Position> {
  if (geometry.type === 'GeometryCollection') for (const part of geometry.geometries) yield* positions(part)
  else yield* flatten(geometry.coordinates)
}
function* flatten(value: Nested): Generator<Position> {
  if (isPosition(value)) yield value
  else for (const item of value) yield* flatten(item)
}

/** The same shape with every position put through `change`. */
export function mapPositions(geometry: Geometry, change: (position: Position) => Position): Geometry {
  if (geometry.type === 'GeometryCollection')
    return { ...geometry, geometries: geometry.geometries.map(part => mapPositions(part, change)) }
  const map = (value: Nested): Nested => (isPosition(value) ? change(value) : value.map(map))
  return { ...geometry, coordinates: map(geometry.coordinates) } as SimpleGeometry
}

/** A hundredth of a pixel is finer than any hand and is what QuPath writes. */
export const rounded = (geometry: Geometry): Geometry => mapPositions(geometry, ([x, y]) => [round(x), round(y)])
const round = (value: number) => Math.round(value * 100) / 100

export function boxOf(geometry: Geometry): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of positions(geometry)) {
    if (x < box[0]) box[0] = x
    if (y < box[1]) box[1] = y
    if (x > box[2]) box[2] = x
    if (y > box[3]) box[3] = y
  }
  return box
}

export const boxBetween = ([ax, ay]: Position, [bx, by]: Position): Box => [
  Math.min(ax, bx),
  Math.min(ay, by),
  Math.max(ax, bx),
  Math.max(ay, by),
]

/** The corners of a box as a closed ring. */
export const rectangle = ([x0, y0, x1, y1]: Box): Geometry =>
  rounded({
    type: 'Polygon',
    coordinates: [
      [
        [x0, y0],
        [x1, y0],
        [x1, y1],
        [x0, y1],
        [x0, y0],
      ],
    ],
  })

/** QuPath's form of an ellipse: a polygon whose bounding box is the ellipse, marked as one. */
export function ellipse([x0, y0, x1, y1]: Box): Geometry {
  const [cx, cy, rx, ry] = [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2]
  const ring = Array.from({ length: ELLIPSE_CORNERS }, (_, i): Position => {
    const angle = (2 * Math.PI * i) / ELLIPSE_CORNERS
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)]
  })
  return rounded({ type: 'Polygon', coordinates: [[...ring, ring[0] as Position]], isEllipse: true })
}

/** Whether a polygon is one box with sides along the axes. */
export function isBox(geometry: Geometry): boolean {
  if (geometry.type !== 'Polygon' || geometry.coordinates.length !== 1) return false
  const ring = geometry.coordinates[0] ?? []
  if (ring.length !== 5) return false
  const [x0, y0, x1, y1] = boxOf(geometry)
  const onCorner = ([x, y]: Position) => (x === x0 || x === x1) && (y === y0 || y === y1)
  const distinct = new Set(ring.map(String))
  return ring.every(onCorner) && distinct.size === 4
}

/** Rectangles and ellipses are resized by their box; all other shapes have corners to move. */
export const isBoxShape = (feature: AnnotationFeature): boolean =>
  feature.geometry.isEllipse === true || (kindOf(feature) === 'rectangle' && isBox(feature.geometry))

/** Shoelace; rings may be closed or not. Always positive. */
export function ringArea(ring: readonly Position[]): number {
  let twice = 0
  for (let i = 0; i < ring.length; i++) {
    const [ax, ay] = ring[i] as Position
    const [bx, by] = ring[(i + 1) % ring.length] as Position
    twice += ax * by - bx * ay
  }
  return Math.abs(twice) / 2
}

export function pathLength(path: readonly Position[], scale: Position = [1, 1]): number {
  let length = 0
  for (let i = 1; i < path.length; i++) {
    const [ax, ay] = path[i - 1] as Position
    const [bx, by] = path[i] as Position
    length += Math.hypot((bx - ax) * scale[0], (by - ay) * scale[1])
  }
  return length
}

/** Area with holes taken off; 0 for points and lines. An ellipse is measured by its axes, not by its corners. */
export function areaOf(geometry: Geometry): number {
  if (geometry.isEllipse) {
    const [x0, y0, x1, y1] = boxOf(geometry)
    return (Math.PI * (x1 - x0) * (y1 - y0)) / 4
  }
  if (geometry.type === 'Polygon') return polygonArea(geometry.coordinates)
  if (geometry.type === 'MultiPolygon') return sumOf(geometry.coordinates, polygonArea)
  if (geometry.type === 'GeometryCollection') return sumOf(geometry.geometries, areaOf)
  return 0
}
const polygonArea = ([outer = [], ...holes]: Position[][]): number =>
  holes.reduce((area, hole) => area - ringArea(hole), ringArea(outer))

/** Length of a line, perimeter of an area (its holes' edges included); 0 for points. */
export function lengthOf(geometry: Geometry, scale: Position = [1, 1]): number {
  const path = (positions: Position[]) => pathLength(positions, scale)
  switch (geometry.type) {
    case 'LineString':
      return path(geometry.coordinates)
    case 'MultiLineString':
    case 'Polygon':
      return sumOf(geometry.coordinates, path)
    case 'MultiPolygon':
      return sumOf(geometry.coordinates.flat(), path)
    case 'GeometryCollection':
      return sumOf(geometry.geometries, part => lengthOf(part, scale))
    default:
      return 0
  }
}
const sumOf = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((sum, item) => sum + value(item), 0)

export const movedBy = (geometry: Geometry, [dx, dy]: Position): Geometry =>
  rounded(mapPositions(geometry, ([x, y]) => [x + dx, y + dy]))
