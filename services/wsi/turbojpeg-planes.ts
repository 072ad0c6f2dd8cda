/** Decodes a JPEG to the components that it stores, as they are. */
import type { JpegHeader } from './turbojpeg.ts'
import { ACCURATE_DCT, check, LIMIT_SCANS, turbo } from './turbojpeg-handles.ts'
import { type Allocate, allocateNew } from './yuv.ts'

/** One component of a JPEG as it is stored, padded to whole samples of the coarsest component. */
export interface Plane {
  data: Uint8Array
  stride: number
  /** Luma pixels per sample in each direction. */
  stepX: 1 | 2
  stepY: 1 | 2
}

/** Luma pixels per chroma sample by sampling; others are decoded as RGB. */
const CHROMA_STEPS: Partial<Record<JpegHeader['sampling'], { stepX: 1 | 2; stepY: 1 | 2 }>> = {
  '4:4:4': { stepX: 1, stepY: 1 },
  '4:2:2': { stepX: 2, stepY: 1 },
  '4:2:0': { stepX: 2, stepY: 2 },
  '4:4:0': { stepX: 1, stepY: 2 },
}

/**
 * Decodes a complete YCbCr or grey JPEG to its components, in the sampling that it has.
 * @returns Y, Cb and Cr, or only Y; null for other colours and for samplings with more than two pixels to a sample
 * @throws SlideFileError `damaged`, `unsupported`, `too-large`
 */
export function decodePlanes(
  jpeg: Uint8Array,
  { width, height, sampling, colorspace }: JpegHeader,
  allocate: Allocate = allocateNew,
): Plane[] | null {
  const steps = CHROMA_STEPS[sampling]
  const known = colorspace === 'grey' || (colorspace === 'ycbcr' && steps)
  if (!known) return null
  const all =
    colorspace === 'grey' ? [{ stepX: 1, stepY: 1 } as const] : [{ stepX: 1, stepY: 1 } as const, steps, steps]
  const sizes = (all as Pick<Plane, 'stepX' | 'stepY'>[]).map(({ stepX, stepY }) => ({
    stepX,
    stepY,
    stride: ((width + 7) & ~7) / stepX,
    rows: ((height + 1) & ~1) / stepY,
  }))
  const memory = allocate(sizes.reduce((sum, { stride, rows }) => sum + stride * rows, 0))
  let at = 0
  const planes = sizes.map(({ stride, rows, stepX, stepY }) => {
    const data = memory.subarray(at, at + stride * rows)
    at += stride * rows
    return { data, stride, stepX, stepY }
  })
  const tj = turbo()
  const pointers = planes.map(plane => plane.data)
  const strides = Int32Array.from(planes, plane => plane.stride)
  const flags = ACCURATE_DCT | LIMIT_SCANS
  const { lib, decompressor } = tj
  check(tj, decompressor, lib.decompressToYuv(decompressor, jpeg, jpeg.length, pointers, width, strides, height, flags))
  return planes
}
