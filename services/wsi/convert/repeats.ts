/** Where a tile's bytes lie in the file already, told by their digest. */
export interface Repeats {
  find(digest: string): number | undefined
  add(digest: string, offset: number): void
  /** From here on the tiles of the next part. */
  nextPart(): void
}

/** Digests that are remembered over a whole slide: scanned glass is never the same twice, made glass is one tile. */
const REMEMBERED = 16_384

/**
 * Repeated tiles within a part, however many, and of parts before it as far as memory shall go: a part that is built on
 * its own knows the first kind only, and the finished file must not depend on who built what.
 */
export function createRepeats(): Repeats {
  const ofSlide = new Map<string, number>()
  let ofPart = new Map<string, number>()
  return {
    find: digest => ofPart.get(digest) ?? ofSlide.get(digest),
    add: (digest, offset) => {
      ofPart.set(digest, offset)
      if (ofSlide.size < REMEMBERED) ofSlide.set(digest, offset)
    },
    nextPart: () => {
      ofPart = new Map()
    },
  }
}

/** Bytes of tiles one after another. */
export interface TileRun {
  tiles: readonly { length: number; digest: string }[]
  bytes: Uint8Array
}

/**
 * Gives each tile its offset, counted from where the run is written, and the bytes that are not in the file yet.
 * @param place called for each tile in turn
 */
export function storeOnce<Tile extends TileRun['tiles'][number]>(
  run: { tiles: readonly Tile[]; bytes: Uint8Array },
  start: number,
  repeats: Repeats,
  place: (tile: Tile, offset: number) => void,
): Uint8Array {
  const kept: Uint8Array[] = []
  let [at, written] = [0, 0]
  for (const tile of run.tiles) {
    const known = tile.digest === '' ? undefined : repeats.find(tile.digest)
    place(tile, known ?? start + written)
    if (known === undefined) {
      if (tile.digest !== '') repeats.add(tile.digest, start + written)
      kept.push(run.bytes.subarray(at, at + tile.length))
      written += tile.length
    }
    at += tile.length
  }
  return kept.length === run.tiles.length ? run.bytes : Buffer.concat(kept)
}
