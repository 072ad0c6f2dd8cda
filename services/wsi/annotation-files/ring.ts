/** How two rings lie to each other. */
import { type Box, boxesMeet, boxOfPositions, type Position, type Ring } from './geometry.ts'
import { slabsOf } from './slabs.ts'

/** A closed ring made ready for many questions. */
export interface RingIndex {
  readonly box: Box
  readonly ring: Ring
  /** Even-odd rule. */
  where(point: Position): 'inside' | 'outside' | 'border'
  /** Whether the segment passes through an edge; touching is not passing. */
  isCrossed(a: Position, b: Position): boolean
}

/** `apart`: their insides share nothing. `inside`: the first lies in the second, touching allowed. */
export type RingRelation = 'apart' | 'inside' | 'overlapping'

export function indexRing(ring: Ring): RingIndex {
  const edges = ring.length - 1
  const low = (i: number): number => Math.min(ring[i]![1], ring[i + 1]![1])
  const high = (i: number): number => Math.max(ring[i]![1], ring[i + 1]![1])
  const slabs = slabsOf(edges, low, high)
  return {
    box: boxOfPositions(ring),
    ring,
    where(point) {
      let inside = false
      let onBorder = false
      // A point's own slab is one list, so that no edge is seen twice.
      slabs.near(point[1], point[1], i => {
        if (isOn(point, ring[i]!, ring[i + 1]!)) onBorder = true
        else if (isLeftOf(point, ring[i]!, ring[i + 1]!)) inside = !inside
      })
      if (onBorder) return 'border'
      return inside ? 'inside' : 'outside'
    },
    isCrossed(a, b) {
      let crossed = false
      slabs.near(Math.min(a[1], b[1]), Math.max(a[1], b[1]), i => {
        crossed ||= cross(a, b, ring[i]!, ring[i + 1]!)
      })
      return crossed
    },
  }
}

/** How `inner` lies to `outer`. */
export function relationOf(inner: RingIndex, outer: RingIndex): RingRelation {
  if (!boxesMeet(inner.box, outer.box)) return 'apart'
  const edges = inner.ring.slice(1).map((end, i) => [inner.ring[i]!, end] as const)
  if (edges.some(([a, b]) => outer.isCrossed(a, b))) return 'overlapping'
  // Without a crossing an edge is on one side as a whole, which its middle tells where its ends only touch.
  const sides = new Set(edges.flatMap(([a, b]) => [outer.where(a), outer.where(middle(a, b))]))
  if (sides.has('inside')) return sides.has('outside') ? 'overlapping' : 'inside'
  if (!sides.has('outside')) return 'overlapping'
  return outer.ring.some(point => inner.where(point) === 'inside') ? 'overlapping' : 'apart'
}

const middle = (a: Position, b: Position): Position => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]

/** Twice the signed area of a triangle: on which side of a-b the point lies. */
const side = (p: Position, a: Position, b: Position): number =>
  (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])

function isOn(p: Position, a: Position, b: Position): boolean {
  if (p[0] < Math.min(a[0], b[0]) || p[0] > Math.max(a[0], b[0])) return false
  if (p[1] < Math.min(a[1], b[1]) || p[1] > Math.max(a[1], b[1])) return false
  return side(p, a, b) === 0
}

/** Whether a ray from the point to the right passes the edge; each edge owns its upper end only. */
function isLeftOf(p: Position, a: Position, b: Position): boolean {
  if (a[1] > p[1] === b[1] > p[1]) return false
  return p[0] < a[0] + ((p[1] - a[1]) / (b[1] - a[1])) * (b[0] - a[0])
}

function cross(a: Position, b: Position, c: Position, d: Position): boolean {
  return side(c, a, b) * side(d, a, b) < 0 && side(a, c, d) * side(b, c, d) < 0
}
