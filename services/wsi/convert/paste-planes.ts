import type { Rectangle } from '../tiff/region.ts'
import type { Plane } from '../turbojpeg-planes.ts'
import { chromaShift, type YuvPlanes } from '../yuv.ts'

/** Planes that show the pixels of `area`. */
export interface Canvas {
  area: Rectangle
  planes: YuvPlanes
}

/**
 * Pastes a decoded picture where it lies, at any pixel. Luma is copied. A chroma sample of the canvas is the average of
 * the picture's samples that its pixels have, which is what averaging the upsampled colours would give; nothing is
 * converted to RGB. A sample that also has pixels left of or above the picture is half of what was there: pictures are
 * pasted from the upper left to the lower right.
 * @param components Y, Cb, Cr, or only Y for a grey picture; for a canvas of 4:4:4 they have one sample per pixel
 */
export function pastePlanes(components: readonly Plane[], picture: Rectangle, { area, planes }: Canvas): void {
  const [luma, cb, cr] = components as [Plane, Plane?, Plane?]
  const place = { left: picture.x - area.x, top: picture.y - area.y, width: picture.width, height: picture.height }
  copyInside(luma, place, area, planes.y, planes.yStride)
  for (const [component, target] of [
    [cb, planes.u],
    [cr, planes.v],
  ] as const) {
    if (chromaShift(planes.subsampling) === 0) {
      if (component) copyInside(component, place, area, target, planes.uvStride)
      else fillInside(place, area, target, planes.uvStride, 1)
    } else if (component) {
      averageInside(component, place, area, target, planes.uvStride)
    } else {
      fillInside(place, area, target, planes.uvStride, 2)
    }
  }
}

/** A picture's place relative to the canvas. */
interface Place {
  left: number
  top: number
  width: number
  height: number
}

interface Size {
  width: number
  height: number
}

function copyInside(plane: Plane, place: Place, canvas: Size, target: Uint8Array, stride: number): void {
  const x0 = Math.max(0, place.left)
  const x1 = Math.min(canvas.width, place.left + place.width)
  const y1 = Math.min(canvas.height, place.top + place.height)
  if (x1 <= x0) return
  for (let y = Math.max(0, place.top); y < y1; y++) {
    const from = (y - place.top) * plane.stride + x0 - place.left
    target.set(plane.data.subarray(from, from + x1 - x0), y * stride + x0)
  }
}

/** Neutral chroma: grey. */
function fillInside(place: Place, canvas: Size, target: Uint8Array, stride: number, step: 1 | 2): void {
  const x0 = Math.ceil(Math.max(0, place.left) / step)
  const x1 = Math.ceil(Math.min(canvas.width, place.left + place.width) / step)
  const y1 = Math.ceil(Math.min(canvas.height, place.top + place.height) / step)
  for (let y = Math.ceil(Math.max(0, place.top) / step); y < y1; y++) target.fill(128, y * stride + x0, y * stride + x1)
}

/** Along one side: which canvas samples there are, and of which of the picture's samples each is the average. */
interface Span {
  first: number
  count: number
  /** Sample of the picture that the first one begins with; -1 where its first pixel lies before the picture. */
  from: number
  /** From one canvas sample to the next. */
  advance: 1 | 2
  /** The second sample of the average: the next one, or the same. */
  second: 0 | 1
  /** The picture's last sample. */
  last: number
}

function span(start: number, length: number, step: 1 | 2, canvas: number): Span {
  const first = Math.floor(Math.max(0, start) / 2)
  const count = Math.max(0, Math.ceil(Math.min(canvas, start + length) / 2) - first)
  const from = Math.floor((first * 2 - start) / step)
  const second = step === 1 || start % 2 !== 0 ? 1 : 0
  return { first, count, from, advance: step === 1 ? 2 : 1, second, last: Math.ceil(length / step) - 1 }
}

/** Two rows of the picture that a row of the canvas is made of. */
interface Rows {
  data: Uint8Array
  upper: number
  lower: number
}

function averageInside(plane: Plane, place: Place, canvas: Size, target: Uint8Array, stride: number): void {
  const columns = span(place.left, place.width, plane.stepX, canvas.width)
  const rows = span(place.top, place.height, plane.stepY, canvas.height)
  if (columns.count === 0) return
  for (let row = 0; row < rows.count; row++) {
    const upper = rows.from + row * rows.advance
    const lower = Math.min(rows.last, upper + rows.second)
    const pair = { data: plane.data, upper: Math.max(0, upper) * plane.stride, lower: lower * plane.stride }
    const out = (rows.first + row) * stride + columns.first
    if (upper < 0) blendRow(pair, columns, target, out)
    else averageRow(pair, columns, target, out)
  }
}

/** The average for one sample of the canvas, at the picture's edges of what there is. */
function averageAt({ data, upper, lower }: Rows, { from, advance, second, last }: Span, i: number): number {
  const at = from + i * advance
  const [p, q] = [Math.max(0, at), Math.min(last, at + second)]
  const sum = (data[upper + p] as number) + (data[upper + q] as number)
  return (sum + (data[lower + p] as number) + (data[lower + q] as number) + 2) >> 2
}

function averageRow(rows: Rows, columns: Span, target: Uint8Array, out: number): void {
  const { data, upper, lower } = rows
  const { from, advance, second, last, count } = columns
  // Samples at the edges are few and go by themselves.
  const start = from < 0 ? 1 : 0
  const behind = from + (count - 1) * advance + second > last ? count - 1 : count
  const left = from + start * advance
  if (second === 0 && upper === lower) {
    target.set(data.subarray(upper + left, upper + left + behind - start), out + start)
  } else if (advance === 2) {
    averagePairs(rows, left, target, out + start, behind - start)
  } else {
    for (let i = out + start, p = upper + left, q = lower + left; i < out + behind; i++, p++, q++) {
      const sum =
        (data[p] as number) + (data[p + second] as number) + (data[q] as number) + (data[q + second] as number)
      target[i] = (sum + 2) >> 2
    }
  }
  if (start === 1) target[out] = ((target[out] as number) + averageAt(rows, columns, 0) + 1) >> 1
  if (behind < count) target[out + behind] = averageAt(rows, columns, behind)
}

const EVEN = 0x00ff00ff

/** Averages of 2x2 samples; where they begin on words, two at a time in the 16-bit lanes of 32-bit words. */
function averagePairs(
  { data, upper, lower }: Rows,
  left: number,
  target: Uint8Array,
  out: number,
  count: number,
): void {
  let i = 0
  if (((data.byteOffset + upper + left) | (data.byteOffset + lower + left)) % 4 === 0) {
    const words = new Int32Array(data.buffer, data.byteOffset + upper + left, count >> 1)
    const below = new Int32Array(data.buffer, data.byteOffset + lower + left, count >> 1)
    for (let w = 0; w < words.length; w++, i += 2) {
      const [a, b] = [words[w] as number, below[w] as number]
      const sum = (a & EVEN) + ((a >>> 8) & EVEN) + (b & EVEN) + ((b >>> 8) & EVEN) + ROUNDING
      target[out + i] = (sum >>> 2) & 0xff
      target[out + i + 1] = (sum >>> 18) & 0xff
    }
  }
  for (let p = upper + left + 2 * i, q = lower + left + 2 * i; i < count; i++, p += 2, q += 2) {
    const sum = (data[p] as number) + (data[p + 1] as number) + (data[q] as number) + (data[q + 1] as number)
    target[out + i] = (sum + 2) >> 2
  }
}

/** Two in each lane: halves are rounded up. */
const ROUNDING = 0x00020002

function blendRow(rows: Rows, columns: Span, target: Uint8Array, out: number): void {
  for (let i = 0; i < columns.count; i++) {
    target[out + i] = ((target[out + i] as number) + averageAt(rows, columns, i) + 1) >> 1
  }
}
