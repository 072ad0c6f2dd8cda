/** Planes of Y, Cb and Cr samples in memory. */

/** Chroma sampling of planes. */
export type PlaneSubsampling = '4:2:0' | '4:4:4'

/**
 * 8-bit YCbCr planes (full range, BT.601, as in JFIF). At 4:2:0 the chroma planes hold ceil(width/2) x ceil(height/2)
 * samples. Strides are bytes from row to row.
 */
export interface YuvPlanes {
  subsampling: PlaneSubsampling
  y: Uint8Array
  u: Uint8Array
  v: Uint8Array
  yStride: number
  uvStride: number
}

export interface YuvImage extends YuvPlanes {
  width: number
  height: number
}

/** Gives memory: new, or a piece that is used again and again. */
export type Allocate = (bytes: number) => Uint8Array

export const allocateNew: Allocate = bytes => new Uint8Array(bytes)

/** Planes for an image of this size, not initialised. Strides are multiples of 16, for rows that are worked on in vectors. */
export function allocateYuv(
  width: number,
  height: number,
  subsampling: PlaneSubsampling = '4:2:0',
  allocate: Allocate = allocateNew,
): YuvImage {
  const shift = chromaShift(subsampling)
  const yStride = (width + 31) & ~31
  const uvStride = yStride >> shift
  const rows = (height + 1) & ~1
  const luma = yStride * rows
  const chroma = uvStride * (rows >> shift)
  const memory = allocate(luma + 2 * chroma)
  return {
    width,
    height,
    subsampling,
    yStride,
    uvStride,
    y: memory.subarray(0, luma),
    u: memory.subarray(luma, luma + chroma),
    v: memory.subarray(luma + chroma),
  }
}

/** By how many bits a chroma plane's sides are shorter than those of the luma plane. */
export const chromaShift = (subsampling: PlaneSubsampling): 0 | 1 => (subsampling === '4:2:0' ? 1 : 0)
