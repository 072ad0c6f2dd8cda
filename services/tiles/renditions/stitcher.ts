/** Makes complete JPEGs of a level's stored tiles; tiles that are stored once (glass) become one buffer. */
import { segments, spliceTables } from '@coverslip/wsi/jpeg.ts'
import { inOwnMemory } from '../cache/own-memory.ts'
import type { TileIndex } from './tile-index.ts'

export interface Stitcher {
  /** Of a tile whose bytes stand for several, once it was read. */
  known(index: number): Buffer | undefined
  /** @param stored the tile's bytes in the file */
  join(index: number, stored: Buffer): Buffer
  /** As `join`, read straight to where it belongs: `read` fills the target from `skip` bytes after the tile's begin. */
  read(index: number, length: number, read: (skip: number, target: Buffer) => boolean): Buffer | undefined
}

/** A level has few different tiles that many places share. */
const MAX_SHARED = 16
/** Every JPEG begins with its SOI marker, which the tables bring. */
const SOI_BYTES = 2

/**
 * @param tables TIFF's JPEGTables (a tables-only stream), null when the tiles are complete
 * @param tiles of the level: those at the same place of the file are the same
 */
export function createStitcher(tables: Buffer | null, tiles: TileIndex): Stitcher {
  const head = headOf(tables)
  const shared = new Map<number, Buffer>()
  const isShared = (i: number): boolean => {
    const offset = tiles.offset(i)
    return (i > 0 && offset === tiles.offset(i - 1)) || offset === tiles.offset(i + 1)
  }

  function keep(index: number, jpeg: Buffer): Buffer {
    if (!isShared(index) || shared.size >= MAX_SHARED) return jpeg
    const own = inOwnMemory(jpeg)
    shared.set(tiles.offset(index), own)
    return own
  }

  return {
    known: index => shared.get(tiles.offset(index)),
    join: (index, stored) => keep(index, spliceTables(tables, stored)),
    read(index, length, read) {
      const skip = head.length > 0 ? SOI_BYTES : 0
      // Not of the pool: a tile that stays would keep its neighbours' memory.
      const jpeg = Buffer.allocUnsafeSlow(head.length + length - skip)
      if (!read(skip, head.length > 0 ? jpeg.subarray(head.length) : jpeg)) return undefined
      jpeg.set(head)
      return keep(index, jpeg)
    },
  }
}

/** The tables without their end marker, SOI included; empty when there are none. */
function headOf(tables: Buffer | null): Buffer {
  if (!tables || tables.length <= 4) return Buffer.alloc(0)
  return tables.subarray(0, segments(tables).at(-1)?.end ?? SOI_BYTES)
}
