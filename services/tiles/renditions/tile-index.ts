/** Where a level's tiles lie, in half the memory that the file takes for it: an open slide may have a million tiles. */

export interface TileIndex {
  /** File position of a tile, row by row. */
  offset(index: number): number
  /** Bytes of it, 0 for one that the file leaves out. */
  length(index: number): number
}

/** What the index of a pyramid with tiles of 256 px takes for a tile, and seldom more. */
export const INDEX_BYTES_PER_TILE = 6

const LARGEST_OFFSET = 2 ** 32 - 1
const LARGEST_LENGTH = 2 ** 16 - 1

/** @param offsets as many as `lengths`, or more */
export function createTileIndex(offsets: Float64Array, lengths: Float64Array): TileIndex {
  const first = leastOf(offsets, lengths)
  const near = offsets.every((offset, i) => lengths[i] === 0 || offset - first <= LARGEST_OFFSET)
  const short = lengths.every(length => length <= LARGEST_LENGTH)
  const places = near ? Uint32Array.from(offsets, offset => Math.max(0, offset - first)) : offsets
  const sizes = short ? Uint16Array.from(lengths) : Uint32Array.from(lengths)
  const base = near ? first : 0
  return {
    offset: index => base + places[index]!,
    length: index => sizes[index]!,
  }
}

/** A tile that is left out says nothing about where the others are: its position is 0. */
function leastOf(offsets: Float64Array, lengths: Float64Array): number {
  let least = Number.POSITIVE_INFINITY
  for (const [i, offset] of offsets.entries()) if (lengths[i] !== 0 && offset < least) least = offset
  return least === Number.POSITIVE_INFINITY ? 0 : least
}
