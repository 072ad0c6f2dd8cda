/** The index of a pyramid in as few trips to a far store as there can be. */
import type { ByteSource } from '@coverslip/wsi/slide.ts'

/** Readers of structures take whole pages of this size, and a file up to the other one at once (byte-source.ts of wsi). */
const PAGE = 64 * 1024
const WHOLE = 2 ** 20
/** Of a slide of five million tiles. */
const MOST = 64 * 2 ** 20
/** A tile's place takes eight bytes and its length four. */
const TILE_BYTES = 12
/** An IFD with its small values, tables included, at most about. */
const LEVEL_BYTES = 4096

/** How many bytes at its end hold a pyramid's whole index, and seldom much more: levels are halves down to one tile. */
export function indexBytesOf({ width, height, tileSize }: { width: number; height: number; tileSize: number }): number {
  let bytes = 0
  for (let level = 0; ; level += 1) {
    const [columns, rows] = [width, height].map(side => Math.ceil(side / 2 ** level / tileSize)) as [number, number]
    bytes += columns * rows * TILE_BYTES + LEVEL_BYTES
    if (columns * rows <= 1) return bytes
  }
}

/**
 * Reads the beginning and the last `indexBytes` of a file, both at once, where our pyramids have header and index. What
 * lies elsewhere is read when it is asked for.
 */
export async function readIndexAhead(source: ByteSource, indexBytes: number): Promise<ByteSource> {
  const { size } = source
  if (size <= WHOLE) return source
  const tailAt = Math.max(0, Math.floor((size - Math.min(indexBytes, MOST)) / PAGE) * PAGE)
  const head = tailAt === 0 ? Buffer.alloc(0) : source.read(0, Math.min(PAGE, tailAt))
  const [first, tail] = await Promise.all([head, source.read(tailAt, size - tailAt)])
  return {
    size,
    async read(offset, length, signal) {
      if (offset >= tailAt && offset + length <= size) return tail.subarray(offset - tailAt, offset - tailAt + length)
      if (offset + length <= first.length) return first.subarray(offset, offset + length)
      return source.read(offset, length, signal)
    },
  }
}
