import type { Kind } from './annotation.ts'
import { boxesMeet, type Geometry, type Ring } from './geometry.ts'
import { indexRing, type RingIndex, relationOf } from './ring.ts'
import { slabsOf } from './slabs.ts'

/** A region as far as holes concern it. */
export interface Cuttable {
  readonly id: string
  readonly isNegative: boolean
  readonly inputRegionId: string
  readonly kind: Kind
  readonly geometry: Geometry
}

interface Positive {
  readonly id: string
  readonly border: RingIndex
  readonly holes: RingIndex[]
  readonly at: number
}

/**
 * Subtracts the negative regions of one layer from its positive ones. A negative becomes a hole of each positive that
 * contains it (of the one it names by InputRegionId, where that contains it) and of which it meets no other hole. Where
 * it cannot be a hole, since it crosses a border or lies in no positive, it stays a region of its own.
 * @returns the regions that remain, in their order
 */
export function cutHoles<Region extends Cuttable>(regions: readonly Region[]): Region[] {
  if (!regions.some(region => region.isNegative)) return [...regions]
  const positives = regions.flatMap((region, at): Positive[] => {
    const ring = region.isNegative ? undefined : onlyRing(region)
    return ring ? [{ id: region.id, border: indexRing(ring), holes: [], at }] : []
  })
  const find = finder(positives)
  const spent = new Set<number>()
  // Those that name their region come first: a nameless double of theirs must not take their place.
  const negatives = [...regions.keys()].filter(at => regions[at]!.isNegative)
  const named = (at: number): boolean => namesRegion(regions[at]!)
  for (const at of [...negatives.filter(named), ...negatives.filter(each => !named(each))]) {
    const ring = onlyRing(regions[at]!)
    if (ring && cut(indexRing(ring), regions[at]!, find)) spent.add(at)
  }
  const holesAt = new Map(positives.map(({ at, holes }) => [at, holes.map(hole => hole.ring)]))
  return regions.map((region, at) => withHoles(region, holesAt.get(at) ?? [])).filter((_, at) => !spent.has(at))
}

const namesRegion = ({ inputRegionId }: Cuttable): boolean => !['', '0'].includes(inputRegionId)

/** @returns whether the negative is a hole of all that it takes away from */
function cut(negative: RingIndex, region: Cuttable, find: (of: RingIndex) => Positive[]): boolean {
  const met = find(negative)
    .map(positive => ({ positive, relation: relationOf(negative, positive.border) }))
    .filter(({ relation }) => relation !== 'apart')
  const meant = met.filter(
    ({ positive, relation }) => namesRegion(region) && positive.id === region.inputRegionId && relation === 'inside',
  )
  const concerned = meant.length > 0 ? meant : met
  let isWhole = concerned.length > 0
  for (const { positive, relation } of concerned) {
    const fits = relation === 'inside' && positive.holes.every(hole => relationOf(negative, hole) === 'apart')
    if (fits) positive.holes.push(negative)
    else isWhole = false
  }
  return isWhole
}

function finder(positives: Positive[]): (of: RingIndex) => Positive[] {
  const slabs = slabsOf(
    positives.length,
    i => positives[i]!.border.box.y0,
    i => positives[i]!.border.box.y1,
  )
  return ({ box }) => {
    const near = new Set<number>()
    slabs.near(box.y0, box.y1, i => {
      if (boxesMeet(positives[i]!.border.box, box)) near.add(i)
    })
    return [...near].map(i => positives[i]!)
  }
}

function onlyRing({ geometry }: Cuttable): Ring | undefined {
  return geometry.type === 'Polygon' && geometry.coordinates.length === 1 ? geometry.coordinates[0] : undefined
}

function withHoles<Region extends Cuttable>(region: Region, holes: readonly Ring[]): Region {
  if (holes.length === 0 || region.geometry.type !== 'Polygon') return region
  // An ellipse is its bounding box to most readers; one with holes would lose them.
  const kind = region.kind === 'ellipse' ? 'polygon' : region.kind
  return { ...region, kind, geometry: { ...region.geometry, coordinates: [...region.geometry.coordinates, ...holes] } }
}
