import { openSync, readSync } from 'node:fs'
import { SlideFileError } from '../errors.ts'
import type { StoredTile } from './stored-tiles.ts'

/** Tiles that lie this near to each other in the file are read at once. */
const GAP = 64 * 1024

/** Tiles that take more than this together are read one by one, when their turn comes. */
const MAX_BYTES = 16 * 1024 * 1024

/** Bytes of one of the tiles that were read, until others are. */
export type BytesOf = (tile: StoredTile) => Buffer

/** Reads the tiles of one block after another from a file, into memory that is kept. @throws SlideFileError `damaged` */
export function createTileReader(path: string): (tiles: readonly StoredTile[]) => BytesOf {
  const fd = openSync(path, 'r')
  let memory = Buffer.alloc(0)
  const room = (bytes: number): Buffer => {
    if (memory.length < bytes) memory = Buffer.allocUnsafeSlow(bytes)
    return memory.subarray(0, bytes)
  }
  return tiles => {
    const runs = runsOf(tiles)
    const bytes = runs.reduce((sum, { start, end }) => sum + end - start, 0)
    if (bytes > MAX_BYTES) return ({ offset, length }) => readInto(fd, offset, Buffer.allocUnsafe(length))
    const all = room(bytes)
    const found = new Map<StoredTile, Buffer>()
    let at = 0
    for (const { start, end, tiles } of runs) {
      const run = readInto(fd, start, all.subarray(at, at + end - start))
      for (const tile of tiles) found.set(tile, run.subarray(tile.offset - start, tile.offset - start + tile.length))
      at += end - start
    }
    return tile => found.get(tile) as Buffer
  }
}

interface Run {
  start: number
  end: number
  tiles: StoredTile[]
}

/** Stretches of the file that hold the tiles. */
function runsOf(tiles: readonly StoredTile[]): Run[] {
  const runs: Run[] = []
  for (const tile of tiles.toSorted((a, b) => a.offset - b.offset)) {
    const run = runs.at(-1)
    if (run && tile.offset <= run.end + GAP) {
      run.end = Math.max(run.end, tile.offset + tile.length)
      run.tiles.push(tile)
    } else runs.push({ start: tile.offset, end: tile.offset + tile.length, tiles: [tile] })
  }
  return runs
}

function readInto(fd: number, offset: number, target: Buffer): Buffer {
  for (let done = 0; done < target.length; ) {
    const count = readSync(fd, target, done, target.length - done, offset + done)
    if (count === 0) throw new SlideFileError('damaged', 'The file ends before its last tile (incomplete or damaged).')
    done += count
  }
  return target
}
