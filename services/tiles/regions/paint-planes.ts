/**
 * Tiles put together without leaving their own colour space: a JPEG of JPEG tiles in 4:2:0 needs neither the conversion to
 * RGB nor the one back. Tiles are decoded to where they belong, and copied nowhere.
 */
import { from } from '@coverslip/wsi/convert/planes.ts'
import { decodeSamples, decodeUpperRows, type JpegHeader, readHeader } from '@coverslip/wsi/turbojpeg.ts'
import { allocateYuv, type YuvImage, type YuvPlanes } from '@coverslip/wsi/yuv.ts'
import { type Job, type Piece, unpackTiles } from './job.ts'
import type { Rectangle, Size } from './picture.ts'
import { createResampler, isResampled, RESAMPLER_BYTES } from './resample.ts'
import { createResampleSimd } from './resample-simd.ts'

export interface PlanePainter {
  /**
   * Planes of the crop at `size`; in memory that the next call overwrites. Null where the tiles are no YCbCr in 4:2:0, or
   * are to be reduced, or would take more memory than is kept for it.
   * @throws SlideFileError `damaged`
   */
  paint(job: Pick<Job, 'crop' | 'source'>, size: Size): YuvPlanes | null
}

/** A canvas of whole tiles. */
interface Canvas extends YuvImage {
  /** Which tile lies at each place: one that the next picture wants there again stays. */
  tiles: (string | undefined)[]
  memory: Uint8Array
}

/** What is kept of chroma between two pixels: rows of the picture, padded. */
interface Chroma {
  u: Uint8Array
  v: Uint8Array
}

const NO_TILE = ''

/** Canvases that are kept: pictures of one size lie on two or three tiles a side. */
const SHAPES = 4

/** @param most bytes of a canvas, and of a picture of another size */
export function createPlanePainter(most: number): PlanePainter {
  const simd = createResampleSimd((SHAPES + 1) * most + RESAMPLER_BYTES)
  const room = (index: number): Uint8Array => new Uint8Array(simd.buffer, index * most, most)
  const resampler = createResampler(simd, (SHAPES + 1) * most)
  const resized = room(SHAPES)
  // Of the last few shapes, the latest last.
  const canvases: Canvas[] = []
  let chroma: Chroma = { u: new Uint8Array(0), v: new Uint8Array(0) }

  function canvasFor(width: number, height: number): Canvas {
    const at = canvases.findIndex(one => one.width === width && one.height === height)
    const [known] = at < 0 ? [] : canvases.splice(at, 1)
    const canvas = known ?? freshCanvas(width, height)
    canvases.push(canvas)
    return canvas
  }

  function freshCanvas(width: number, height: number): Canvas {
    const memory = canvases.length < SHAPES ? room(canvases.length) : canvases.shift()!.memory
    return { ...planesIn(memory, width, height), tiles: [], memory }
  }

  function cut(canvas: Canvas, crop: Rectangle): YuvPlanes {
    const planes = from(canvas, crop.x & ~1, crop.y & ~1)
    if (((crop.x | crop.y) & 1) === 0) return planes
    const bytes = ((crop.width + 1) >> 1) * ((crop.height + 1) >> 1)
    if (chroma.u.length < bytes) chroma = { u: new Uint8Array(bytes), v: new Uint8Array(bytes) }
    return betweenSamples(planes, crop, canvas, chroma)
  }

  return {
    paint({ crop, source }, size) {
      if ('pixels' in source || source.reduction !== 1 || source.tileSize % 2 !== 0) return null
      const { tileSize } = source
      const grid = gridUnder(crop, tileSize)
      const same = size.width === crop.width && size.height === crop.height
      if (bytesOf(grid) > most || !(same || (bytesOf(size) <= most && isResampled(crop, size)))) return null
      const tiles = unpackTiles(source).map(piece => ({ ...piece, header: readHeader(piece.jpeg) }))
      if (!tiles.every(({ header }) => isPlain(header, tileSize))) return null
      const canvas = canvasFor(grid.width, grid.height)
      const inside = { ...crop, x: crop.x - grid.x, y: crop.y - grid.y }
      placeTiles(canvas, tiles, { grid, side: tileSize, bottom: inside.y + inside.height })
      if (same) return cut(canvas, inside)
      const target = planesIn(resized, size.width, size.height)
      resampler.resample(canvas, inside, target, size)
      return target
    },
  }
}

const planesIn = (memory: Uint8Array, width: number, height: number): YuvImage =>
  allocateYuv(width, height, '4:2:0', bytes => memory.subarray(0, bytes))

/** At most, of the planes of a picture. */
const bytesOf = ({ width, height }: Size): number => ((width + 31) & ~31) * (height + 1) * 1.5

/** The whole tiles that a crop touches. */
function gridUnder({ x, y, width, height }: Rectangle, side: number): Rectangle {
  const left = Math.floor(x / side) * side
  const top = Math.floor(y / side) * side
  const up = (end: number): number => Math.ceil(end / side) * side
  return { x: left, y: top, width: up(x + width) - left, height: up(y + height) - top }
}

/** A tile of another size than those of its level is left to the way over RGB. */
const isPlain = ({ colorspace, sampling, width, height }: JpegHeader, side: number): boolean =>
  colorspace === 'ycbcr' && sampling === '4:2:0' && width === side && height === side

type Tile = Piece & { header: JpegHeader }

/** Rows below those that the picture shows: chroma between two pixels is made of one sample more. */
const BELOW = 2
/** Rows of pixels of a row of blocks in 4:2:0. */
const BLOCKS = 16

/** @param bottom rows of the canvas that the picture shows; what lies below is not decoded */
function placeTiles(
  canvas: Canvas,
  tiles: readonly Tile[],
  { grid, side, bottom }: { grid: Rectangle; side: number; bottom: number },
): void {
  const byPlace = new Map(tiles.map(tile => [`${tile.x - grid.x},${tile.y - grid.y}`, tile]))
  let place = 0
  for (let top = 0; top < grid.height; top += side) {
    const rows = Math.min(side, Math.ceil((bottom + BELOW - top) / BLOCKS) * BLOCKS)
    for (let left = 0; left < grid.width; left += side, place += 1) {
      const tile = byPlace.get(`${left},${top}`)
      const id = tile?.id ?? NO_TILE
      if (canvas.tiles[place] === id) continue
      canvas.tiles[place] = undefined
      const planes = from(canvas, left, top)
      if (!tile) whiten(planes, side)
      else if (rows < side) decodeUpperRows(tile.jpeg, planes, tile.header, rows)
      else decodeSamples(tile.jpeg, planes, tile.header)
      // One that is there in part is decoded again when more of it is wanted.
      canvas.tiles[place] = tile && rows < side ? `${id}:${rows}` : id
    }
  }
}

function whiten({ y, u, v, yStride, uvStride }: YuvPlanes, side: number): void {
  for (let row = 0; row < side; row += 1) y.fill(255, row * yStride, row * yStride + side)
  for (const plane of [u, v]) {
    for (let row = 0; row < side / 2; row += 1) plane.fill(128, row * uvStride, row * uvStride + side / 2)
  }
}

/** At an odd pixel chroma lies half a sample further: the mean of two is there. The canvas stays as it is. */
function betweenSamples(planes: YuvPlanes, crop: Rectangle, canvas: YuvImage, { u, v }: Chroma): YuvPlanes {
  const { yStride, uvStride } = planes
  const [oddX, oddY] = [crop.x & 1, crop.y & 1]
  const width = (crop.width + 1) >> 1
  const height = (crop.height + 1) >> 1
  // At the canvas' last samples there is no further one.
  const lastX = (canvas.width >> 1) - (crop.x >> 1) - 1
  const lastY = (canvas.height >> 1) - (crop.y >> 1) - 1
  for (const [source, target] of [
    [planes.u, u],
    [planes.v, v],
  ] as const) {
    for (let row = 0; row < height; row += 1) {
      const upper = row * uvStride
      const lower = Math.min(row + oddY, lastY) * uvStride
      const out = row * width
      for (let i = 0; i < width; i += 1) {
        const next = i + oddX > lastX ? lastX : i + oddX
        const sum = source[upper + i]! + source[upper + next]! + source[lower + i]! + source[lower + next]!
        target[out + i] = (sum + 2) >> 2
      }
    }
  }
  return { ...planes, y: planes.y.subarray(oddY * yStride + oddX), u, v, uvStride: width }
}
