/** Planes at another size, by Lanczos 3: as libvips does it, and without leaving the JPEG's colour space. */
import type { YuvPlanes } from '@coverslip/wsi/yuv.ts'
import type { Rectangle, Size } from './picture.ts'
import { ONE, type ResampleSimd, TAPS } from './resample-simd.ts'

/** Which source samples make each output sample of one axis. */
export interface Axis {
  count: number
  /** Of the first source sample. */
  places: Int32Array
  /** `TAPS` for each output sample, which sum up to `ONE`. */
  weights: Int16Array
  /** The most weights that are used. */
  taps: number
}

const LOBES = 3

function lanczos(x: number): number {
  if (x === 0) return 1
  if (Math.abs(x) >= LOBES) return 0
  const angle = Math.PI * x
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / (angle * angle)
}

/** Samples of the source, between whose edges the picture lies. */
export interface Span {
  /** Of the picture's first edge; samples begin at whole numbers. */
  start: number
  /** Source samples per output sample. */
  step: number
  count: number
  /** Samples before `first` and from `last` on are not looked at: their neighbour stands for them. */
  first: number
  last: number
}

/** Whether the weights are enough: for a little more than a half, since the next level has what is smaller. */
export const isResampled = (crop: Size, size: Size): boolean =>
  Math.max(tapsFor(crop.width / size.width), tapsFor(crop.height / size.height)) <= TAPS &&
  Math.max(size.width, size.height) <= LONGEST

const tapsFor = (step: number): number => Math.ceil(2 * LOBES * Math.max(1, step)) + 1

/** Writes an axis where `memory` has room for it. */
export function axisOf(
  { start, step, count, first, last }: Span,
  { places, weights }: Omit<Axis, 'count' | 'taps'>,
): Axis {
  const scale = Math.max(1, step)
  let taps = 1
  const shares = new Float64Array(TAPS)
  for (let i = 0; i < count; i += 1) {
    const centre = start + (i + 0.5) * step - 0.5
    const from = Math.ceil(centre - LOBES * scale)
    const to = Math.floor(centre + LOBES * scale)
    const place = Math.min(Math.max(from, first), last - 1)
    let sum = 0
    shares.fill(0)
    for (let at = from; at <= to; at += 1) {
      const share = lanczos((at - centre) / scale)
      shares[Math.min(Math.max(at, first), last - 1) - place]! += share
      sum += share
    }
    taps = Math.max(taps, Math.min(to, last - 1) - place + 1)
    places[i] = place
    toWeights(shares, sum, weights.subarray(i * TAPS, (i + 1) * TAPS))
  }
  return { count, places, weights, taps }
}

/** Whole numbers whose sum is ONE, so that an even colour stays what it is. */
function toWeights(shares: Float64Array, sum: number, weights: Int16Array): void {
  let total = 0
  let largest = 0
  for (let i = 0; i < TAPS; i += 1) {
    weights[i] = Math.round((shares[i]! / sum) * ONE)
    total += weights[i]!
    if (weights[i]! > weights[largest]!) largest = i
  }
  weights[largest]! += ONE - total
}

export interface Resampler {
  /**
   * The crop of `source`, whose planes are in the memory, at `size`, which has to be one that {@link isResampled}, in
   * `target`, which is there, too.
   */
  resample(source: YuvPlanes, crop: Rectangle, target: YuvPlanes, size: Size): void
}

/** Axes that are kept: a picture has four, two of which depend on where it begins. */
const AXES = 32
/** Of a picture's sides. */
const LONGEST = 2048
const AXIS_BYTES = (LONGEST + 4) * (4 + TAPS * 2)
/** A row between the two passes. */
const ROW_BYTES = 16 * 1024

/** Memory that a resampler needs for itself. */
export const RESAMPLER_BYTES = AXES * AXIS_BYTES + ROW_BYTES

/** @param own address of its own memory */
export function createResampler(simd: ResampleSimd, own: number): Resampler {
  // In the order in which they were last used.
  const axes = new Map<string, Axis>()

  function axisFor(span: Span): Axis {
    const key = `${span.start},${span.step},${span.count},${span.last}`
    let axis = axes.get(key)
    if (axis) axes.delete(key)
    else axis = axisOf(span, roomForAxis())
    axes.set(key, axis)
    return axis
  }

  function roomForAxis(): Omit<Axis, 'count' | 'taps'> {
    const [oldest] = axes
    if (axes.size >= AXES) {
      axes.delete(oldest![0])
      return oldest![1]
    }
    const at = own + ROW_BYTES + axes.size * AXIS_BYTES
    const places = new Int32Array(simd.buffer, at, LONGEST + 4)
    return { places, weights: new Int16Array(simd.buffer, at + places.byteLength, (LONGEST + 4) * TAPS) }
  }

  function plane(source: Plane, across: Axis, down: Axis, target: Plane): void {
    const groups = Math.ceil((across.places[across.count - 1]! + across.taps) / 16)
    const quads = Math.ceil(across.count / 4)
    const columns = across.taps > 8 ? simd.columns16 : simd.columns8
    const pairs = Math.ceil(down.taps / 2)
    // The last four share an instruction: those beyond the end take what is at hand.
    across.places.fill(0, across.count, quads * 4)
    for (let row = 0; row < down.count; row += 1) {
      const from = source.at + down.places[row]! * source.stride
      simd.rows(from, source.stride, own, groups, pairs, down.weights.byteOffset + row * TAPS * 2)
      columns(own, target.at + row * target.stride, quads, across.places.byteOffset, across.weights.byteOffset)
    }
  }

  return {
    resample(source, crop, target, size) {
      const [stepX, stepY] = [crop.width / size.width, crop.height / size.height]
      // Places are told from an even pixel on, so that pictures of one size share their axes.
      const [left, top] = [crop.x & 1, crop.y & 1]
      const [evenX, evenY] = [crop.x - left, crop.y - top]
      const luma = (start: number, step: number, sides: number, count: number): Axis =>
        axisFor({ start, step, count, first: start, last: start + sides })
      // A sample of chroma lies amid four pixels, in the source as in the picture.
      const chroma = (start: number, step: number, sides: number, count: number): Axis =>
        axisFor({ start: start / 2, step, count: (count + 1) >> 1, first: 0, last: (start + sides + 1) >> 1 })
      plane(
        { at: source.y.byteOffset + evenY * source.yStride + evenX, stride: source.yStride },
        luma(left, stepX, crop.width, size.width),
        luma(top, stepY, crop.height, size.height),
        { at: target.y.byteOffset, stride: target.yStride },
      )
      const across = chroma(left, stepX, crop.width, size.width)
      const down = chroma(top, stepY, crop.height, size.height)
      const offset = (evenY >> 1) * source.uvStride + (evenX >> 1)
      for (const name of ['u', 'v'] as const) {
        const from = { at: source[name].byteOffset + offset, stride: source.uvStride }
        plane(from, across, down, { at: target[name].byteOffset, stride: target.uvStride })
      }
    },
  }
}

interface Plane {
  /** Address of its first sample. */
  at: number
  stride: number
}
