/** Finds the intervals that meet a given one, fast: the axis is cut into slabs, each with a list of its intervals. */
export interface Slabs {
  /** Calls back with the index of each interval that shares a slab with the given one, some of them several times. */
  near(low: number, high: number, visit: (index: number) => void): void
}

const MOST_SLABS = 4096
/** Lists together are at most this many times as long as the intervals are many. */
const MOST_COPIES = 8

export function slabsOf(count: number, low: (index: number) => number, high: (index: number) => number): Slabs {
  let [from, to] = [Infinity, -Infinity]
  for (let i = 0; i < count; i++) {
    from = Math.min(from, low(i))
    to = Math.max(to, high(i))
  }
  const slabs = slabCount(count, from, to, low, high)
  const slabOf = slabber(from, to, slabs)
  const starts = new Uint32Array(slabs + 1)
  for (let i = 0; i < count; i++) for (let s = slabOf(low(i)); s <= slabOf(high(i)); s++) starts[s + 1]! += 1
  for (let s = 0; s < slabs; s++) starts[s + 1]! += starts[s]!
  const fill = starts.slice()
  const members = new Uint32Array(starts[slabs]!)
  for (let i = 0; i < count; i++) {
    for (let s = slabOf(low(i)); s <= slabOf(high(i)); s++) members[fill[s]!++] = i
  }
  return {
    near(first, last, visit) {
      if (count === 0 || last < from || first > to) return
      for (let at = starts[slabOf(first)]!; at < starts[slabOf(last) + 1]!; at++) visit(members[at]!)
    },
  }
}

const slabber =
  (from: number, to: number, slabs: number) =>
  (value: number): number =>
    to > from ? Math.max(0, Math.min(slabs - 1, Math.floor(((value - from) / (to - from)) * slabs))) : 0

/** Halves the number of slabs until long intervals do not fill too many lists. */
function slabCount(
  count: number,
  from: number,
  to: number,
  low: (index: number) => number,
  high: (index: number) => number,
): number {
  for (let slabs = Math.min(MOST_SLABS, Math.max(1, count)); slabs > 1; slabs = Math.ceil(slabs / 2)) {
    const slabOf = slabber(from, to, slabs)
    let copies = 0
    for (let i = 0; i < count; i++) copies += slabOf(high(i)) - slabOf(low(i)) + 1
    if (copies <= MOST_COPIES * count) return slabs
  }
  return 1
}
