import { openSync, readSync } from 'node:fs'
import { SlideFileError } from '../errors.ts'
import { completeJpeg } from '../tiff/decode.ts'
import type { TiffImage } from '../tiff/image.ts'
import { Compression } from '../tiff/tags.ts'
import { decodeRgb, decodeYuvInto, readHeader, rgbToYuv } from '../turbojpeg.ts'
import { type Allocate, allocateYuv, type YuvPlanes } from '../yuv.ts'
import type { BlockDecoder, DecodeSettings } from './decoder.ts'
import { type BlockGeometry, paddedTo } from './plan.ts'
import { fillGrey, fillWhite, from, paste } from './planes.ts'

/** What a worker knows of the source's level 0 when it decodes stored JPEG tiles by itself. */
export interface StoredImage {
  path: string
  tileWidth: number
  tileHeight: number
  photometric: number
  jpegTables: Buffer | null
}

export interface StoredTile {
  column: number
  row: number
  offset: number
  length: number
}

/** Tiles that lie this near to each other in the file are read at once, up to so many bytes. */
const GAP = 64 * 1024
const RUN = 4 * 1024 * 1024

/** A tile that shows anything takes more than a byte for so many pixels. */
const GLASS = 16

/** The largest tile that is decoded into a block; larger ones take the reader's way. */
const MAX_TILE_EDGE = 2048

/**
 * Whether workers can take level 0's tiles from the file: JPEG tiles that align with the samples of 4:2:0 chroma. Every
 * other coding goes through the slide's reader.
 */
export function areStoredTiles(image: TiffImage): boolean {
  const { tiled, compression, planar, bitsPerSample, samplesPerPixel, tileWidth, tileHeight } = image
  const whole = (edge: number) => edge % 16 === 0 && edge <= MAX_TILE_EDGE
  return (
    tiled &&
    compression === Compression.Jpeg &&
    (planar === 1 || samplesPerPixel === 1) &&
    bitsPerSample === 8 &&
    (samplesPerPixel === 3 || samplesPerPixel === 1) &&
    whole(tileWidth) &&
    whole(tileHeight)
  )
}

/** The stored tiles that a block of level 0 is cut from; missing ones (length 0) are left out. */
export function storedTiles(image: TiffImage, block: BlockGeometry): StoredTile[] {
  const tiles: StoredTile[] = []
  const { tileWidth, tileHeight, across } = image
  for (let row = Math.floor(block.y / tileHeight); row * tileHeight < block.y + block.height; row++) {
    for (let column = Math.floor(block.x / tileWidth); column * tileWidth < block.x + block.width; column++) {
      const i = row * across + column
      const length = image.counts[i] as number
      if (length > 0) tiles.push({ column, row, offset: image.offsets[i] as number, length })
    }
  }
  return tiles
}

/**
 * Decodes stored tiles side by side. Tiles stored in the sampling that is asked for keep their samples: no colour
 * conversion, no chroma resampling.
 */
export function createDecoder(setup: StoredImage): BlockDecoder<StoredTile[]> {
  // A Buffer comes to a thread as a plain Uint8Array.
  const tables = setup.jpegTables
  const jpegTables = tables && Buffer.from(tables.buffer, tables.byteOffset, tables.byteLength)
  const image = { ...setup, jpegTables }
  const fd = openSync(setup.path, 'r')
  return {
    decode: (block, tiles, settings) => decodeStored(fd, image, block, tiles, settings),
  }
}

function decodeStored(
  fd: number,
  image: StoredImage,
  block: BlockGeometry,
  tiles: StoredTile[],
  { tileSize, subsampling, scratch }: DecodeSettings,
): YuvPlanes {
  const { tileWidth, tileHeight } = image
  const left = Math.floor(block.x / tileWidth) * tileWidth
  const top = Math.floor(block.y / tileHeight) * tileHeight
  const across = Math.ceil((block.x + block.width - left) / tileWidth)
  const down = Math.ceil((block.y + block.height - top) / tileHeight)
  const canvas = allocateYuv(
    Math.max(across * tileWidth, block.x - left + paddedTo(tileSize, block.width)),
    Math.max(down * tileHeight, block.y - top + paddedTo(tileSize, block.height)),
    subsampling,
    scratch('pixels'),
  )
  if (tiles.length < across * down) fillWhite(canvas)
  // Scanners that leave glass out write the same few bytes for it again and again: such a tile is decoded once.
  let glass: { bytes: Buffer; planes: YuvPlanes } | undefined
  for (const { tile, bytes } of readTiles(fd, tiles)) {
    const planes = from(canvas, tile.column * tileWidth - left, tile.row * tileHeight - top)
    if (glass?.bytes.equals(bytes)) {
      paste({ ...glass.planes, width: tileWidth, height: tileHeight }, planes, 0, 0)
      continue
    }
    decodeTile(image, completeJpeg(image, bytes), planes, scratch('rgb'))
    if (bytes.length * GLASS < tileWidth * tileHeight) glass = { bytes, planes }
  }
  return from(canvas, block.x - left, block.y - top)
}

function decodeTile({ tileWidth, tileHeight }: StoredImage, jpeg: Buffer, target: YuvPlanes, allocate: Allocate): void {
  const { width, height, sampling, colorspace } = readHeader(jpeg)
  if (width !== tileWidth || height !== tileHeight)
    throw new SlideFileError('damaged', 'A tile of the file differs from the size that is stated for it.')
  const grey = colorspace === 'grey'
  if (grey) fillGrey(target, width, height)
  if (grey || (colorspace === 'ycbcr' && sampling === target.subsampling)) decodeYuvInto(jpeg, target, width, height)
  else rgbToYuv(decodeRgb(jpeg, allocate).data, width, height, target)
}

function* readTiles(fd: number, tiles: StoredTile[]) {
  const sorted = tiles.toSorted((a, b) => a.offset - b.offset)
  for (let first = 0; first < sorted.length; ) {
    const start = (sorted[first] as StoredTile).offset
    let end = start
    let next = first
    for (let tile = sorted[next]; tile; tile = sorted[++next]) {
      const grown = Math.max(end, tile.offset + tile.length)
      if (next > first && (tile.offset > end + GAP || grown - start > RUN)) break
      end = grown
    }
    const bytes = readRange(fd, start, end - start)
    for (const tile of sorted.slice(first, next)) {
      yield { tile, bytes: bytes.subarray(tile.offset - start, tile.offset - start + tile.length) }
    }
    first = next
  }
}

function readRange(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length)
  for (let done = 0; done < length; ) {
    const count = readSync(fd, buffer, done, length - done, offset + done)
    if (count === 0) throw new SlideFileError('damaged', 'The file ends before its last tile (incomplete or damaged).')
    done += count
  }
  return buffer
}
