/** Plane geometry in level-0 pixels: continuous, y down, pixel (0,0) spans [0,1). Pure. */

/** Beyond this a coordinate is a mistake: the largest slides have some 10^6 pixels a side. */
export const FARTHEST = 2 ** 24

export type Position = readonly [x: number, y: number]
/** Closed: the last position repeats the first; at least four. */
export type Ring = readonly Position[]
/** QuPath's plane: channel, z and time; kept as it came. */
export type Plane = Readonly<Record<'c' | 'z' | 't', number>>
export type SimpleGeometry = (
  | { readonly type: 'Point'; readonly coordinates: Position }
  | { readonly type: 'MultiPoint' | 'LineString'; readonly coordinates: readonly Position[] }
  | { readonly type: 'MultiLineString'; readonly coordinates: readonly (readonly Position[])[] }
  | { readonly type: 'Polygon'; readonly coordinates: readonly Ring[] }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly Ring[])[] }
) & { readonly plane?: Plane }
export type Geometry =
  | SimpleGeometry
  | { readonly type: 'GeometryCollection'; readonly geometries: readonly SimpleGeometry[]; readonly plane?: Plane }

/** A geometry taken apart into what files without multi-geometries can hold. The first ring is the border. */
export type Part =
  | { readonly type: 'point'; readonly at: Position }
  | { readonly type: 'line'; readonly path: readonly Position[] }
  | { readonly type: 'area'; readonly rings: readonly Ring[] }

/** x0 <= x1, y0 <= y1. */
export interface Box {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

export function partsOf(geometry: Geometry): Part[] {
  switch (geometry.type) {
    case 'Point':
      return [{ type: 'point', at: geometry.coordinates }]
    case 'MultiPoint':
      return geometry.coordinates.map(at => ({ type: 'point', at }))
    case 'LineString':
      return [{ type: 'line', path: geometry.coordinates }]
    case 'MultiLineString':
      return geometry.coordinates.map(path => ({ type: 'line', path }))
    case 'Polygon':
      return [{ type: 'area', rings: geometry.coordinates }]
    case 'MultiPolygon':
      return geometry.coordinates.map(rings => ({ type: 'area', rings }))
    case 'GeometryCollection':
      return geometry.geometries.flatMap(partsOf)
  }
}

function pathsOf(part: Part): readonly (readonly Position[])[] {
  if (part.type === 'point') return [[part.at]]
  return part.type === 'line' ? [part.path] : part.rings
}

export function boxOfPositions(positions: Iterable<Position>): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of positions) {
    if (x < x0) x0 = x
    if (x > x1) x1 = x
    if (y < y0) y0 = y
    if (y > y1) y1 = y
  }
  return { x0, y0, x1, y1 }
}

export function boxOf(geometry: Geometry): Box {
  const corners = partsOf(geometry)
    .flatMap(pathsOf)
    .map(boxOfPositions)
    .flatMap(({ x0, y0, x1, y1 }): Position[] => [
      [x0, y0],
      [x1, y1],
    ])
  return boxOfPositions(corners)
}

export const boxesMeet = (a: Box, b: Box): boolean => a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1

/** Shoelace formula; never negative. */
export function ringArea(ring: Ring): number {
  const [ox, oy] = ring[0] ?? [0, 0]
  let twice = 0
  // Relative to the first position: products of large coordinates would cost the last digits.
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1]!
    const [bx, by] = ring[i]!
    twice += (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
  }
  return Math.abs(twice) / 2
}

export function pathLength(path: readonly Position[]): number {
  let length = 0
  for (let i = 1; i < path.length; i++) {
    length += Math.hypot(path[i]![0] - path[i - 1]![0], path[i]![1] - path[i - 1]![1])
  }
  return length
}

/** Square pixels, holes taken off; 0 for points and lines. */
export function partArea(part: Part): number {
  if (part.type !== 'area') return 0
  const [border = [], ...holes] = part.rings
  return holes.reduce((area, hole) => area - ringArea(hole), ringArea(border))
}

/** Pixels: of a line its length, of an area its outer border; 0 for a point. */
export function partLength(part: Part): number {
  return part.type === 'point' ? 0 : pathLength(pathsOf(part)[0] ?? [])
}

/** Repeats the first position at the end unless it is there already. */
export function closed(path: readonly Position[]): Ring {
  const [first, last] = [path[0], path.at(-1)]
  return first && last && (first[0] !== last[0] || first[1] !== last[1]) ? [...path, first] : path
}

export const boxRing = ({ x0, y0, x1, y1 }: Box): Ring => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
  [x0, y0],
]

/** Whether a closed ring is one box with sides along the axes. */
export function isBoxRing(ring: Ring): boolean {
  if (ring.length !== 5) return false
  const corners = new Set(ring.map(String))
  const { x0, y0, x1, y1 } = boxOfPositions(ring)
  const onCorner = ([x, y]: Position): boolean => (x === x0 || x === x1) && (y === y0 || y === y1)
  const alongAxes = ring.slice(1).every(([x, y], i) => x === ring[i]![0] || y === ring[i]![1])
  return corners.size === 4 && alongAxes && ring.every(onCorner)
}

/** Steps of a quarter of the ellipse: 96 corners deviate by less than 0.06 % of the radius. */
const QUARTER = 24

/** The ellipse that fills a box, as a closed ring whose bounding box is exactly that box. */
export function ellipseRing({ x0, y0, x1, y1 }: Box): Ring {
  const [cx, cy, rx, ry] = [(x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2]
  const ring = Array.from({ length: 4 * QUARTER }, (_, i): Position => {
    // The four ends of the axes are taken as given: cos and sin are not exact there.
    if (i === 0) return [x1, cy]
    if (i === QUARTER) return [cx, y1]
    if (i === 2 * QUARTER) return [x0, cy]
    if (i === 3 * QUARTER) return [cx, y0]
    const angle = (i * Math.PI) / (2 * QUARTER)
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)]
  })
  return closed(ring)
}

/** Area and circumference (Ramanujan's second approximation) of the ellipse that fills a box. */
export function ellipseSize({ x0, y0, x1, y1 }: Box): { area: number; length: number } {
  const [a, b] = [(x1 - x0) / 2, (y1 - y0) / 2]
  const h = a + b === 0 ? 0 : ((a - b) / (a + b)) ** 2
  return { area: Math.PI * a * b, length: Math.PI * (a + b) * (1 + (3 * h) / (10 + Math.sqrt(4 - 3 * h))) }
}
