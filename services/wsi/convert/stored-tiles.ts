import type { TiffImage } from '../tiff/image.ts'
import { Compression } from '../tiff/tags.ts'
import { allocateYuv, type YuvPlanes } from '../yuv.ts'
import { type BlockDecoder, type DecodeSettings, type FillTile, tilesOf } from './decoder.ts'
import { type BlockGeometry, paddedTo } from './plan.ts'
import { fillWhite, from, paste } from './planes.ts'
import { createTileDecoder, type DecodeTile } from './tile-decoder.ts'
import { createTileReader } from './tile-reader.ts'

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

/** Decodes the stored tiles of a block: those that the pyramid's tiles are cut from when these are asked for. */
export function createDecoder(setup: StoredImage): BlockDecoder<StoredTile[]> {
  // A Buffer comes to a thread as a plain Uint8Array.
  const image = { ...setup, jpegTables: setup.jpegTables && Buffer.from(setup.jpegTables) }
  const read = createTileReader(image.path)
  const decode = createTileDecoder(image)
  return {
    decode: (block, tiles, settings) => {
      const bytesOf = read(tiles)
      const fill = { block, tiles, bytesOf, decode, image, settings }
      return image.tileWidth === settings.tileSize && image.tileHeight === settings.tileSize
        ? fillEach(fill)
        : fillFromCanvas(fill)
    },
  }
}

interface Fill {
  block: BlockGeometry
  tiles: StoredTile[]
  bytesOf: (tile: StoredTile) => Buffer
  decode: DecodeTile
  image: StoredImage
  settings: DecodeSettings
}

/** Stored tiles that are the pyramid's tiles: each is decoded to its place in the processor's cache. */
function fillEach({ block, tiles, bytesOf, decode, settings: { tileSize, scratch } }: Fill): FillTile {
  const [left, top] = [block.x / tileSize, block.y / tileSize]
  const byPlace = new Map(tiles.map(tile => [placeKey(tile.column - left, tile.row - top), tile]))
  let shown: Buffer | undefined
  return (column, row, target) => {
    const tile = byPlace.get(placeKey(column, row))
    if (!tile) {
      shown = undefined
      return fillWhite(target)
    }
    const bytes = bytesOf(tile)
    // Scanners that leave glass out write the same few bytes for it again and again: they are decoded once.
    if (shown?.equals(bytes)) return
    decode(bytes, target, scratch('rgb'))
    const whole = (column + 1) * tileSize <= block.width && (row + 1) * tileSize <= block.height
    shown = whole ? bytes : undefined
  }
}

const placeKey = (column: number, row: number): number => row * 65_536 + column

/** Stored tiles of another size: all of a block's are decoded side by side. */
function fillFromCanvas({ block, tiles, bytesOf, decode, image, settings }: Fill): FillTile {
  const { tileWidth, tileHeight } = image
  const { tileSize, subsampling, scratch } = settings
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
  let glass: { bytes: Buffer; planes: YuvPlanes } | undefined
  for (const tile of tiles) {
    const bytes = bytesOf(tile)
    const planes = from(canvas, tile.column * tileWidth - left, tile.row * tileHeight - top)
    if (glass?.bytes.equals(bytes)) {
      paste({ ...glass.planes, width: tileWidth, height: tileHeight }, planes, 0, 0)
      continue
    }
    decode(bytes, planes, scratch('rgb'))
    if (bytes.length * GLASS < tileWidth * tileHeight) glass = { bytes, planes }
  }
  return tilesOf(from(canvas, block.x - left, block.y - top), tileSize)
}
