/** A pyramid in the object store: its index read once, its tiles by one ranged read each. */
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import type { Size } from './deepzoom.ts'

export interface PyramidLevel extends Size {
  columns: number
  rows: number
  /** File positions and lengths of the tiles, row by row. */
  offsets: Float64Array
  lengths: Float64Array
  /** Quantisation and Huffman tables shared by the tiles of the level. */
  tables: Buffer | null
}

export interface PyramidFile extends Size {
  tileSize: number
  /** From the slide's own size down to one tile. */
  levels: PyramidLevel[]
  /** The stored bytes of one tile: a JPEG stream without its tables. */
  readTile(level: PyramidLevel, column: number, row: number): Promise<Buffer>
}

/** An object of a store as a ByteSource. */
function objectSource(objects: ReadableObjects, key: string, size: number): ByteSource {
  return { size, read: (offset, length, signal) => objects.range(key, offset, length, signal) }
}

/**
 * Reads the index of a pyramid.
 * @throws SlideFileError `damaged` when the object is not a pyramid of ours
 */
export async function openPyramid(objects: ReadableObjects, key: string, size: number): Promise<PyramidFile> {
  const tiff = await readTiff(objectSource(objects, key, size))
  const levels = await Promise.all(tiff.ifds.map(readLevel))
  const first = levels[0]!
  const tileSize = (await tiff.ifds[0]!.number(Tag.TileWidth)) ?? 0
  return {
    width: first.width,
    height: first.height,
    tileSize,
    levels,
    readTile(level, column, row) {
      const i = row * level.columns + column
      return objects.range(key, level.offsets[i]!, level.lengths[i]!)
    },
  }
}

async function readLevel(ifd: Ifd): Promise<PyramidLevel> {
  const [width, height, tile, offsets, lengths, tables] = await Promise.all([
    ifd.number(Tag.ImageWidth, 0),
    ifd.number(Tag.ImageLength, 0),
    ifd.number(Tag.TileWidth, 0),
    ifd.numbers(Tag.TileOffsets),
    ifd.numbers(Tag.TileByteCounts),
    ifd.bytes(Tag.JPEGTables),
  ])
  const columns = Math.ceil(width / tile)
  const rows = Math.ceil(height / tile)
  if (!offsets || !lengths || offsets.length < columns * rows || lengths.length < columns * rows) {
    throw new SlideFileError('damaged', 'The pyramid is damaged: a level lacks tiles.')
  }
  return { width, height, columns, rows, offsets, lengths, tables }
}
