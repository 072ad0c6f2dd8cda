/** Pyramids of any size that take no room: a whole index over few tiles, for tests and figures of what an index costs. */
import { pyramidPages, tilePlaces } from '../convert/pages.ts'
import { planPyramid } from '../convert/pyramid-plan.ts'
import { BIG_TIFF_HEADER, frameBigTiff } from '../tiff/writer.ts'

export interface SparsePyramid {
  /** Bytes of the file. */
  size: number
  tileSize: number
  /** What is not zero, from front to back. */
  pieces: { offset: number; bytes: Buffer }[]
}

export interface SparseOptions {
  /** Of level 0, in pixels. */
  width: number
  height: number
  /** Of the tiles together; their places are spread over as much. */
  bytes: number
  /** A tile as pyramids of Q 50 and 4:2:0 store it: a JPEG stream without its tables. */
  tile: Buffer
  /** How many copies of it there are; default 64. */
  copies?: number
}

/** Lays out the file; every tile of every level is one of the copies. */
export function sparsePyramid({ width, height, bytes, tile, copies = 64 }: SparseOptions): SparsePyramid {
  const description = { width, height, mpp: { x: 0.25, y: 0.25 }, objectivePower: 40, icc: null }
  const plan = planPyramid(
    { ...description, format: 'generic-tiff', levels: [], associated: [] },
    { coding: { quality: 50, subsampling: '4:2:0' } },
  )
  const step = Math.floor(bytes / copies)
  const placeOf = (copy: number): number => BIG_TIFF_HEADER + copy * step
  const places = tilePlaces(plan)
  for (const { offsets, counts } of places) {
    for (let i = 0; i < offsets.length; i += 1) offsets[i] = placeOf(i % copies)
    counts.fill(tile.length)
  }
  const end = BIG_TIFF_HEADER + bytes
  const { header, index } = frameBigTiff(pyramidPages(plan, places, 0), end)
  return {
    size: end + index.length,
    tileSize: plan.tileSize,
    pieces: [
      { offset: 0, bytes: header },
      ...Array.from({ length: copies }, (_, copy) => ({ offset: placeOf(copy), bytes: tile })),
      { offset: end, bytes: index },
    ],
  }
}

/** Bytes of the file, zeros between its pieces. */
export function readSparse({ pieces }: SparsePyramid, offset: number, length: number): Buffer {
  const read = Buffer.alloc(length)
  for (const piece of pieces) {
    const from = Math.max(offset, piece.offset)
    const to = Math.min(offset + length, piece.offset + piece.bytes.length)
    if (from < to) piece.bytes.copy(read, from - offset, from - piece.offset, to - piece.offset)
  }
  return read
}
