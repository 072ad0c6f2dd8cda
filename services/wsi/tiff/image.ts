import { SlideFileError } from '../errors.ts'
import type { Ifd } from './index.ts'
import { Compression, Photometric, Tag } from './tags.ts'

/** How the pixels of one IFD are laid out. Strips are tiles as wide as the image. */
export interface Geometry {
  width: number
  height: number
  tiled: boolean
  tileWidth: number
  tileHeight: number
  /** Columns and rows of tiles. */
  across: number
  down: number
  compression: number
  photometric: number
  /** Bits of every sample, or 0 when they differ. */
  bitsPerSample: number
  samplesPerPixel: number
  /** 1 interleaved, 2 separate planes. */
  planar: number
  /** 1 none, 2 horizontal differencing. */
  predictor: number
  /** 1 unsigned integer. */
  sampleFormat: number
  /** 0 unspecified, 1 premultiplied alpha, 2 alpha; null without extra samples. */
  extraSample: number | null
}

/** A geometry with the places of its tiles, in rows from the top left. A count of 0 is a missing tile. */
export interface TiffImage extends Geometry {
  offsets: Float64Array
  counts: Float64Array
  /** Tables that the JPEG tiles share (tag 347). */
  jpegTables: Buffer | null
}

const damaged = (what: string) => new SlideFileError('damaged', `The TIFF structure is damaged: ${what}.`)

function pixels(value: number | undefined, what: string): number {
  if (value === undefined || !Number.isInteger(value) || value < 1 || value > 0x7fffffff) throw damaged(what)
  return value
}

/**
 * The geometry of an image.
 * @throws SlideFileError `damaged` when a size is missing, zero or beyond 2^31
 */
export async function readGeometry(ifd: Ifd): Promise<Geometry> {
  const width = pixels(await ifd.number(Tag.ImageWidth), 'an image has no width')
  const height = pixels(await ifd.number(Tag.ImageLength), 'an image has no height')
  const tiled = ifd.has(Tag.TileWidth) && ifd.has(Tag.TileLength)
  const rows = Math.min(await ifd.number(Tag.RowsPerStrip, height), height)
  const tileWidth = tiled ? pixels(await ifd.number(Tag.TileWidth), 'a tile has no width') : width
  const tileHeight = pixels(tiled ? await ifd.number(Tag.TileLength) : rows, 'a tile has no height')
  const bits = (await ifd.numbers(Tag.BitsPerSample)) ?? [1]
  return {
    width,
    height,
    tiled,
    tileWidth,
    tileHeight,
    across: Math.ceil(width / tileWidth),
    down: Math.ceil(height / tileHeight),
    compression: await ifd.number(Tag.Compression, Compression.None),
    photometric: await ifd.number(Tag.PhotometricInterpretation, Photometric.Rgb),
    bitsPerSample: bits.every(b => b === bits[0]) ? (bits[0] ?? 0) : 0,
    samplesPerPixel: await ifd.number(Tag.SamplesPerPixel, 1),
    planar: await ifd.number(Tag.PlanarConfiguration, 1),
    predictor: await ifd.number(Tag.Predictor, 1),
    sampleFormat: await ifd.number(Tag.SampleFormat, 1),
    extraSample: (await ifd.number(Tag.ExtraSamples)) ?? null,
  }
}

/**
 * Ten times the largest glass at the finest scan. A file may name one small tile for all of its places, so its own size
 * does not bound the work.
 */
const MAX_PIXELS = 2 ** 40

/** No JPEG stream with a picture, however abbreviated, is shorter than its SOI, SOF, SOS and EOI. */
const SHORTEST_JPEG = 25

/**
 * Geometry and tile places of an image, checked: as many tiles as the size asks for, all inside the file, none shorter
 * than its coding allows.
 * @param fileSize bytes
 * @throws SlideFileError `damaged`, `too-large`
 */
export async function readImage(ifd: Ifd, fileSize: number, signal?: AbortSignal): Promise<TiffImage> {
  const geometry = await readGeometry(ifd)
  if (geometry.width * geometry.height > MAX_PIXELS) {
    throw new SlideFileError('too-large', 'The image has more pixels than any slide.')
  }
  const offsets = await ifd.numbers(geometry.tiled ? Tag.TileOffsets : Tag.StripOffsets, signal)
  const counts = await ifd.numbers(geometry.tiled ? Tag.TileByteCounts : Tag.StripByteCounts, signal)
  if (!offsets || !counts) throw damaged('an image has no list of its tiles')
  const planes = geometry.planar === 2 ? geometry.samplesPerPixel : 1
  const tiles = geometry.across * geometry.down * planes
  if (offsets.length < tiles || counts.length < tiles)
    throw damaged('an image lists fewer tiles than its size asks for')
  const shortest = geometry.compression === Compression.Jpeg ? SHORTEST_JPEG : 1
  for (let i = 0; i < tiles; i++) {
    const count = counts[i] as number
    if (count === 0) continue
    if ((offsets[i] as number) + count > fileSize) {
      throw new SlideFileError('damaged', 'The file ends before its last tile (incomplete or damaged).')
    }
    if (count < shortest) throw damaged('a tile is shorter than any picture')
  }
  return { ...geometry, offsets, counts, jpegTables: await ifd.bytes(Tag.JPEGTables, signal) }
}

/** Pixel size of one tile: the last strip of a striped image is shorter, tiles are padded. */
export function tileSize(image: Geometry, row: number): { width: number; height: number } {
  const height = image.tiled ? image.tileHeight : Math.min(image.tileHeight, image.height - row * image.tileHeight)
  return { width: image.tileWidth, height }
}

/** Bytes of an image's tiles or strips; those that share their bytes are counted once. */
export function bytesOfTiles({ offsets, counts }: Pick<TiffImage, 'offsets' | 'counts'>): number {
  const found = new Map<number, number>()
  for (const [i, count] of counts.entries()) found.set(offsets[i] as number, count)
  return [...found.values()].reduce((sum, bytes) => sum + bytes, 0)
}
