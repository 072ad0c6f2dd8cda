/**
 * RGB pixels at a larger size, by Lanczos 3, pixels lying about their middles as they do in JPEGs that stay in YCbCr. libvips
 * enlarges by cubic interpolation, and half a pixel of the larger picture too far to the right and down: its "centre
 * convention" for what grows (https://github.com/libvips/libvips/issues/943).
 */
import type { Size } from './picture.ts'
import { type Axis, axisOf } from './resample.ts'
import { ONE, TAPS } from './resample-simd.ts'

const CHANNELS = 3

/**
 * @param pixels interleaved RGB of `from`
 * @param to nowhere smaller than `from`
 */
export function enlarge(pixels: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.width === to.width && from.height === to.height) return pixels
  return stretchAcross(stretchDown(pixels, from, to.height), { width: from.width, height: to.height }, to.width)
}

function axis(sides: number, count: number): Axis {
  const memory = { places: new Int32Array(count), weights: new Int16Array(count * TAPS) }
  return axisOf({ start: 0, step: sides / count, count, first: 0, last: sides }, memory)
}

/** Beside an edge, Lanczos goes beyond both ends of a byte: what the other pass may bring back. */
function stretchDown(pixels: Uint8Array, { width, height }: Size, count: number): Int16Array {
  const { places, weights, taps } = axis(height, count)
  const stride = width * CHANNELS
  const out = new Int16Array(stride * count)
  for (let row = 0; row < count; row += 1) {
    // Beyond the last row there is nothing to be weighted.
    const used = Math.min(taps, height - places[row]!)
    for (let i = 0; i < stride; i += 1) {
      let sum = 0
      for (let tap = 0, at = places[row]! * stride + i; tap < used; tap += 1, at += stride) {
        sum += weights[row * TAPS + tap]! * pixels[at]!
      }
      out[row * stride + i] = Math.round(sum / ONE)
    }
  }
  return out
}

function stretchAcross(rows: Int16Array, { width, height }: Size, count: number): Uint8Array {
  const { places, weights, taps } = axis(width, count)
  const out = new Uint8ClampedArray(count * height * CHANNELS)
  for (let row = 0, target = 0; row < height; row += 1) {
    for (let i = 0; i < count; i += 1) {
      const used = Math.min(taps, width - places[i]!)
      const from = (row * width + places[i]!) * CHANNELS
      for (let channel = 0; channel < CHANNELS; channel += 1, target += 1) {
        let sum = 0
        for (let tap = 0, at = from + channel; tap < used; tap += 1, at += CHANNELS) {
          sum += weights[i * TAPS + tap]! * rows[at]!
        }
        out[target] = sum / ONE
      }
    }
  }
  return new Uint8Array(out.buffer)
}
