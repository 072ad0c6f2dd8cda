import { chromaShift, type YuvImage, type YuvPlanes } from '../yuv.ts'
import { areForSimd, halveSimd } from './halve-simd.ts'

/**
 * Repeats the last column and row of an image up to `paddedWidth` x `paddedHeight` pixels (both even), in place: the
 * planes have room for them. Averages of 2x2 then take what exists, and the last tiles carry no foreign colours.
 */
export function repeatEdges(image: YuvImage, paddedWidth: number, paddedHeight: number): void {
  const { y, u, v, yStride, uvStride, width, height } = image
  repeat(y, yStride, width, height, paddedWidth, paddedHeight)
  const chroma = chromaSize(image)
  const shift = chromaShift(image.subsampling)
  for (const plane of [u, v])
    repeat(plane, uvStride, chroma.width, chroma.height, paddedWidth >> shift, paddedHeight >> shift)
}

/** Size of the chroma planes of `width` x `height` pixels. */
function chromaSize({ subsampling, width, height }: Pick<YuvImage, 'subsampling' | 'width' | 'height'>) {
  const shift = chromaShift(subsampling)
  return { width: (width + shift) >> shift, height: (height + shift) >> shift }
}

function repeat(plane: Uint8Array, stride: number, width: number, height: number, wide: number, high: number): void {
  if (wide > width) {
    for (let row = 0; row < height; row++) {
      const end = row * stride + width
      plane.fill(plane[end - 1] as number, end, row * stride + wide)
    }
  }
  const last = (height - 1) * stride
  for (let row = height; row < high; row++) plane.copyWithin(row * stride, last, last + wide)
}

/**
 * Halves an image: every sample is the average of 2x2, chroma as well. The averages commute with the colour conversion,
 * so this is the 2x2 box average of the RGB pixels. `from` must be padded to even sizes ({@link repeatEdges}).
 */
export function halve(from: YuvImage, to: YuvPlanes): void {
  const width = (from.width + 1) >> 1
  const height = (from.height + 1) >> 1
  halvePlane(from.y, from.yStride, to.y, to.yStride, width, height)
  const chroma = chromaSize({ subsampling: from.subsampling, width, height })
  halvePlane(from.u, from.uvStride, to.u, to.uvStride, chroma.width, chroma.height)
  halvePlane(from.v, from.uvStride, to.v, to.uvStride, chroma.width, chroma.height)
}

const EVEN = 0x00ff00ff
/** Rounds every other average up and the rest down, so that no level is brighter than the one before. */
const ROUNDING = 0x00020001

function halvePlane(
  source: Uint8Array,
  sourceStride: number,
  target: Uint8Array,
  targetStride: number,
  width: number,
  height: number,
): void {
  const inner = areForSimd(source, target) ? halveSimd : halveWords
  inner(source, sourceStride, target, targetStride, width, height)
}

/**
 * Without vectors: four samples of two rows at a time, as one 32-bit word each: the bytes are added in two 16-bit lanes. Rows begin on
 * 4-byte (source) and 2-byte (target) boundaries; up to one sample behind the target row's end is overwritten.
 */
function halveWords(
  source: Uint8Array,
  sourceStride: number,
  target: Uint8Array,
  targetStride: number,
  width: number,
  height: number,
): void {
  const words = new Int32Array(source.buffer, source.byteOffset, source.byteLength >> 2)
  const pairs = new Uint16Array(target.buffer, target.byteOffset, target.byteLength >> 1)
  const step = sourceStride >> 2
  const count = (width + 1) >> 1
  for (let row = 0; row < height; row++) {
    const upper = row * 2 * step
    const out = (row * targetStride) >> 1
    for (let i = 0; i < count; i++) {
      const a = words[upper + i] as number
      const b = words[upper + step + i] as number
      const sum = (a & EVEN) + ((a >>> 8) & EVEN) + (b & EVEN) + ((b >>> 8) & EVEN) + ROUNDING
      pairs[out + i] = ((sum >>> 2) & 0xff) | ((sum >>> 10) & 0xff00)
    }
  }
}

/** The planes from pixel (x, y) on, both even. */
export function from({ subsampling, y, u, v, yStride, uvStride }: YuvPlanes, left: number, top: number): YuvPlanes {
  const shift = chromaShift(subsampling)
  const luma = top * yStride + left
  const chroma = (top >> shift) * uvStride + (left >> shift)
  return { subsampling, y: y.subarray(luma), u: u.subarray(chroma), v: v.subarray(chroma), yStride, uvStride }
}

/** Copies an image to pixel (left, top) of another of the same sampling, both even. */
export function paste(image: YuvImage, target: YuvPlanes, left: number, top: number): void {
  const to = from(target, left, top)
  copyPlane(image.y, image.yStride, to.y, to.yStride, image.width, image.height)
  const { width, height } = chromaSize(image)
  copyPlane(image.u, image.uvStride, to.u, to.uvStride, width, height)
  copyPlane(image.v, image.uvStride, to.v, to.uvStride, width, height)
}

function copyPlane(
  source: Uint8Array,
  sourceStride: number,
  target: Uint8Array,
  targetStride: number,
  width: number,
  height: number,
): void {
  for (let row = 0; row < height; row++) {
    target.set(source.subarray(row * sourceStride, row * sourceStride + width), row * targetStride)
  }
}

/** White, as glass without tissue. */
export function fillWhite({ y, u, v }: YuvPlanes): void {
  y.fill(255)
  u.fill(128)
  v.fill(128)
}

/** Neither blue nor red, for `width` x `height` pixels whose luma is all there is. */
export function fillGrey(planes: YuvPlanes, width: number, height: number): void {
  const chroma = chromaSize({ subsampling: planes.subsampling, width, height })
  for (let row = 0; row < chroma.height; row++) {
    const start = row * planes.uvStride
    planes.u.fill(128, start, start + chroma.width)
    planes.v.fill(128, start, start + chroma.width)
  }
}

/** An image's samples without the room between and behind them: the rows of y, then of u, then of v. */
export function packPlanes(image: YuvImage): Buffer {
  const { width, height, y, u, v, yStride, uvStride } = image
  const chroma = chromaSize(image)
  const packed = Buffer.allocUnsafe(packedBytes(image))
  let at = 0
  const add = (plane: Uint8Array, stride: number, size: { width: number; height: number }) => {
    for (let row = 0; row < size.height; row++, at += size.width)
      packed.set(plane.subarray(row * stride, row * stride + size.width), at)
  }
  add(y, yStride, { width, height })
  add(u, uvStride, chroma)
  add(v, uvStride, chroma)
  return packed
}

/** Bytes of {@link packPlanes}. */
export function packedBytes(image: Pick<YuvImage, 'subsampling' | 'width' | 'height'>): number {
  const chroma = chromaSize(image)
  return image.width * image.height + 2 * chroma.width * chroma.height
}

/** The image of {@link packPlanes}, in the memory of `packed`; to be pasted, its rows are not aligned. */
export function unpackPlanes(
  packed: Uint8Array,
  width: number,
  height: number,
  subsampling: YuvPlanes['subsampling'],
): YuvImage {
  const chroma = chromaSize({ subsampling, width, height })
  const [first, second] = [width * height, width * height + chroma.width * chroma.height]
  return {
    width,
    height,
    subsampling,
    yStride: width,
    uvStride: chroma.width,
    y: packed.subarray(0, first),
    u: packed.subarray(first, second),
    v: packed.subarray(second),
  }
}
