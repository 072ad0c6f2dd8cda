/** A pyramid of ours: its index read once, its tiles by one ranged read each, out as they are stored. */
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import { readIndexAhead } from './index-ahead.ts'
import type { RenditionSource } from './object-source.ts'
import { sharedProfile } from './profiles.ts'
import type { Rendition, RenditionLevel } from './rendition.ts'
import { createStitcher, type Stitcher } from './stitcher.ts'
import { createTileIndex, type TileIndex } from './tile-index.ts'
import { readTiledRegion } from './tiled-region.ts'

/** What the slide's row knows of a rendition beyond the file. */
export type RenditionFacts = Pick<Rendition, 'name' | 'mpp' | 'objectivePower'>

interface PyramidLevel extends RenditionLevel {
  readonly tileSize: number
  readonly tiles: TileIndex
  readonly stitcher: Stitcher
}

/**
 * Reads the index of a pyramid; the source is closed with the rendition where it can be.
 * @param indexBytes at the end of a far file hold its index, see {@link indexBytesOf}; without it the index is read in pieces
 * @throws SlideFileError `damaged` when the object is not a pyramid of ours
 */
export async function openPyramid(
  source: RenditionSource,
  facts: RenditionFacts,
  indexBytes?: number,
): Promise<Rendition> {
  const { ifds } = await readTiff(indexBytes === undefined ? source : await readIndexAhead(source, indexBytes))
  const width = await ifds[0]!.number(Tag.ImageWidth, 0)
  const [icc, ...levels] = await Promise.all([
    ifds[0]!.bytes(Tag.IccProfile),
    ...ifds.map(ifd => readLevel(ifd, width)),
  ])
  const first = levels[0]!
  const { tileSize } = first

  function levelOf(level: number, column: number, row: number): PyramidLevel {
    const found = levels[level]
    if (!found || column >= found.columns || row >= found.rows) throw new RangeError('the pyramid has no such tile')
    return found
  }

  async function readTile(
    level: number,
    column: number,
    row: number,
    signal?: AbortSignal,
  ): Promise<Buffer | undefined> {
    const { stitcher, tiles, columns } = levelOf(level, column, row)
    const i = row * columns + column
    if (tiles.length(i) === 0) return undefined
    return stitcher.known(i) ?? stitcher.join(i, await source.read(tiles.offset(i), tiles.length(i), signal))
  }

  function readTileNow(level: number, column: number, row: number): Buffer | undefined {
    const { stitcher, tiles, columns } = levelOf(level, column, row)
    const i = row * columns + column
    const length = tiles.length(i)
    if (length === 0 || !source.readNow) return undefined
    const read = (skip: number, target: Buffer): boolean => source.readNow!(tiles.offset(i) + skip, target)
    return stitcher.known(i) ?? stitcher.read(i, length, read)
  }

  return {
    ...facts,
    width: first.width,
    height: first.height,
    tileSize,
    levels,
    icc: sharedProfile(icc),
    passThrough: true,
    readTile,
    ...(source.readNow ? { readTileNow } : {}),
    readRegion: (level, x, y, wide, high, signal) =>
      readTiledRegion({ level: levels[level]!, tileSize }, { x, y, width: wide, height: high }, (column, row) =>
        readTile(level, column, row, signal),
      ),
    close: async () => source.close?.(),
  }
}

/** What stays for as long as the slide is open must not keep the pages that the index was read from: a MiB each. */
const copied = (bytes: Buffer | null): Buffer | null => bytes && Buffer.from(bytes)

async function readLevel(ifd: Ifd, fullWidth: number): Promise<PyramidLevel> {
  const [width, height, tileSize, offsets, lengths, tables] = await Promise.all([
    ifd.number(Tag.ImageWidth, 0),
    ifd.number(Tag.ImageLength, 0),
    ifd.number(Tag.TileWidth, 0),
    ifd.numbers(Tag.TileOffsets),
    ifd.numbers(Tag.TileByteCounts),
    ifd.bytes(Tag.JPEGTables),
  ])
  const columns = Math.ceil(width / tileSize)
  const rows = Math.ceil(height / tileSize)
  if (!offsets || !lengths || offsets.length < columns * rows || lengths.length < columns * rows) {
    throw new SlideFileError('damaged', 'The pyramid is damaged: a level lacks tiles.')
  }
  const tiles = createTileIndex(offsets, lengths)
  const stitcher = createStitcher(copied(tables), tiles)
  return { width, height, tileSize, columns, rows, downsample: fullWidth / width, tiles, stitcher }
}
