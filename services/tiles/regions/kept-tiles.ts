/**
 * The last decoded tiles, since neighbouring pictures share them. Their memory is used again: fresh pages cost as much as
 * a third of the decoding.
 */

export interface KeptTiles<Tile> {
  /** The tile of this name; `decode` makes it in memory of at least so many bytes. */
  get(name: string, decode: (allocate: (bytes: number) => Uint8Array) => Tile): Tile
}

/** @param room bytes that are kept */
export function createKeptTiles<Tile>(room: number): KeptTiles<Tile> {
  // In the order in which they were last used.
  const kept = new Map<string, { tile: Tile; memory: Uint8Array }>()
  let bytes = 0

  /** Memory of a tile that has left, where it has the very size: all tiles of a slide are alike. */
  function allocate(length: number): Uint8Array {
    let spare: Uint8Array | undefined
    while (bytes + length > room) {
      const [oldest] = kept
      if (!oldest) break
      kept.delete(oldest[0])
      spare = oldest[1].memory
      bytes -= spare.length
    }
    return spare?.length === length ? spare : new Uint8Array(length)
  }

  return {
    get(name, decode) {
      const known = kept.get(name)
      if (known) {
        kept.delete(name)
        kept.set(name, known)
        return known.tile
      }
      let memory = new Uint8Array(0)
      const tile = decode(length => {
        memory = allocate(length) as Uint8Array<ArrayBuffer>
        return memory
      })
      kept.set(name, { tile, memory })
      bytes += memory.length
      return tile
    },
  }
}

/** Memory that is used for one picture after the other; more than that many bytes are given back. */
export function createCanvas(most: number): (bytes: number) => Uint8Array {
  let memory = new Uint8Array(0)
  return bytes => {
    if (bytes > most) return new Uint8Array(bytes)
    if (memory.length < bytes) memory = new Uint8Array(bytes)
    return memory.subarray(0, bytes)
  }
}
