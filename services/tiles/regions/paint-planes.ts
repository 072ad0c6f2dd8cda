/**
 * Tiles put together without leaving their own colour space: a JPEG of JPEG tiles in 4:2:0 needs neither the conversion to
 * RGB nor the one back, which is a third of the work.
 */
import { repeatEdges } from '@coverslip/wsi/convert/planes.ts'
import { decodeYuvInto, readHeader } from '@coverslip/wsi/turbojpeg.ts'
import { allocateYuv, type YuvImage, type YuvPlanes } from '@coverslip/wsi/yuv.ts'
import { type Job, type Piece, unpackTiles } from './job.ts'
import { createCanvas, createKeptTiles } from './kept-tiles.ts'
import { copyRows, KEPT_CANVAS, tilesUnder } from './paint.ts'
import type { Rectangle } from './picture.ts'

export interface PlanePainter {
  /**
   * Planes of the crop; in memory that the next call overwrites. Null where the tiles are no YCbCr in 4:2:0, or are to be
   * reduced.
   * @throws SlideFileError `damaged`
   */
  paint(job: Pick<Job, 'crop' | 'source'>): YuvPlanes | null
}

/** For one more chroma sample than the picture has, in either direction. */
const ROOM_BEHIND = 4
const evenFrom = (side: number): number => (side + 1) & ~1

/** @param room bytes of decoded tiles that are kept */
export function createPlanePainter(room: number): PlanePainter {
  const tiles = createKeptTiles<YuvImage>(room)
  const canvas = createCanvas(KEPT_CANVAS)

  function decode({ id, jpeg }: Piece, side: number): YuvImage {
    return tiles.get(id, allocate => {
      const planes = allocateYuv(side, side, '4:2:0', allocate)
      decodeYuvInto(jpeg, planes, side, side)
      return planes
    })
  }

  return {
    paint({ crop, source }) {
      if ('pixels' in source || source.reduction !== 1 || source.tileSize % 2 !== 0) return null
      const { tileSize } = source
      const pieces = unpackTiles(source)
      if (!pieces.every(({ jpeg }) => isPlain(jpeg))) return null
      // Chroma begins at even pixels.
      const left = crop.x & 1
      const top = crop.y & 1
      const width = crop.width + left
      const height = crop.height + top
      const image = { ...allocateYuv(width + ROOM_BEHIND, height + ROOM_BEHIND, '4:2:0', canvas), width, height }
      if (pieces.length < tilesUnder(crop, tileSize)) {
        image.y.fill(255)
        image.u.fill(128)
        image.v.fill(128)
      }
      for (const piece of pieces) paste(decode(piece, tileSize), image, piece.x - crop.x + left, piece.y - crop.y + top)
      if (left || top) repeatEdges(image, evenFrom(width) + 2, evenFrom(height) + 2)
      return from(image, { x: left, y: top })
    },
  }
}

function isPlain(jpeg: Uint8Array): boolean {
  const { colorspace, sampling } = readHeader(jpeg)
  return colorspace === 'ycbcr' && sampling === '4:2:0'
}

/** Copies a tile to (left, top), both even. */
function paste(tile: YuvImage, image: YuvImage, left: number, top: number): void {
  const luma = ({ y, yStride, width, height }: YuvImage) => ({ data: y, stride: yStride, width, height })
  copyRows(luma(tile), luma(image), left, top)
  for (const plane of ['u', 'v'] as const) {
    const chroma = ({ uvStride, width, height, ...of }: YuvImage) => ({
      data: of[plane],
      stride: uvStride,
      width: (width + 1) >> 1,
      height: (height + 1) >> 1,
    })
    copyRows(chroma(tile), chroma(image), left / 2, top / 2)
  }
}

/** The planes from a pixel on. At an odd one chroma lies half a sample further: the mean of two is there. */
function from(image: YuvImage, { x, y }: Pick<Rectangle, 'x' | 'y'>): YuvPlanes {
  const { yStride, uvStride } = image
  for (const plane of [image.u, image.v]) {
    if (x) averageAcross(wordsOf(plane))
    if (y) averageDown(wordsOf(plane), uvStride / 4)
  }
  return { ...image, y: image.y.subarray(y * yStride + x) }
}

/** Planes and their rows begin at multiples of 16 bytes. */
const wordsOf = (plane: Uint8Array): Int32Array => new Int32Array(plane.buffer, plane.byteOffset, plane.length / 4)

/** Halves of four bytes at once, none of which may reach into its neighbour. */
const HALVES = 0x7f7f7f7f

/** Each byte becomes the mean of itself and the next, rounded down; four at once. */
function averageAcross(words: Int32Array): void {
  for (let i = 0; i + 1 < words.length; i += 1) {
    const a = words[i]!
    const b = (a >>> 8) | (words[i + 1]! << 24)
    words[i] = (a & b) + (((a ^ b) >>> 1) & HALVES)
  }
}

/** Each byte becomes the mean of itself and the one a row below, rounded up, so that both ways together change nothing. */
function averageDown(words: Int32Array, stride: number): void {
  for (let i = 0; i + stride < words.length; i += 1) {
    const a = words[i]!
    const b = words[i + stride]!
    words[i] = (a | b) - (((a ^ b) >>> 1) & HALVES)
  }
}
