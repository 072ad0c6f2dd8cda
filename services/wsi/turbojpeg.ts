import { SlideFileError } from './errors.ts'
import { isFrame, segments } from './jpeg.ts'
import { ACCURATE_DCT, check, LIMIT_SCANS, lastWritten, targetFor, turbo, written } from './turbojpeg-handles.ts'
import { type Allocate, allocateNew, allocateYuv, type YuvImage, type YuvPlanes } from './yuv.ts'

/** Chroma sampling of a JPEG that is written. */
export type Subsampling = '4:4:4' | '4:2:2' | '4:2:0'

export interface RgbImage {
  width: number
  height: number
  /** Interleaved 8-bit RGB. */
  data: Uint8Array
}

export interface JpegHeader {
  width: number
  height: number
  sampling: '4:4:4' | '4:2:2' | '4:2:0' | 'grey' | '4:4:0' | '4:1:1'
  colorspace: 'rgb' | 'ycbcr' | 'grey' | 'cmyk' | 'ycck'
}

// Values of turbojpeg.h.
const SAMPLING = ['4:4:4', '4:2:2', '4:2:0', 'grey', '4:4:0', '4:1:1'] as const
const COLORSPACE = ['rgb', 'ycbcr', 'grey', 'cmyk', 'ycck'] as const
const PIXELS_RGB = 0
const PIXELS_BGRX = 3
const NO_REALLOC = 1024
const TRANSFORM_CROP = 4

/** Pictures beyond this are refused before any memory is taken for them. */
const MAX_PIXELS = 128 * 1024 * 1024

/**
 * What a complete JPEG says about itself.
 * @throws SlideFileError `damaged`; `unsupported` for samplings or colours that libturbojpeg does not know; `too-large`
 */
export function readHeader(jpeg: Uint8Array): JpegHeader {
  const tj = turbo()
  const [width, height, sampling, colorspace] = tj.ints
  for (const value of tj.ints) value[0] = 0
  check(tj, tj.decompressor, tj.lib.header(tj.decompressor, jpeg, jpeg.length, width, height, sampling, colorspace))
  if (!width[0] || !height[0]) throw new SlideFileError('damaged', 'A JPEG image in the file is damaged.')
  const header = {
    width: width[0] as number,
    height: height[0] as number,
    sampling: SAMPLING[sampling[0] as number],
    colorspace: COLORSPACE[colorspace[0] as number],
  }
  if (header.width * header.height > MAX_PIXELS)
    throw new SlideFileError('too-large', 'A JPEG image in the file is too large.')
  if (!header.sampling || !header.colorspace)
    throw new SlideFileError('unsupported', 'A JPEG image in the file uses a colour sampling that is not supported.')
  return header as JpegHeader
}

/** Parts of a side that libjpeg decodes to directly, by an inverse transform of fewer coefficients. */
export type Reduction = 1 | 2 | 4 | 8

/**
 * Decodes a complete JPEG to RGB; grey becomes three equal channels.
 * @throws SlideFileError `damaged`, `unsupported`, `too-large`, `library-missing`
 */
export const decodeRgb = (jpeg: Uint8Array, allocate: Allocate = allocateNew): RgbImage =>
  decodeReduced(jpeg, 1, allocate)

/**
 * As {@link decodeRgb}, to ceil(width / reduction) x ceil(height / reduction) pixels, each the mean of what it stands
 * for; cheaper than decoding all of them.
 */
export function decodeReduced(jpeg: Uint8Array, reduction: Reduction, allocate: Allocate = allocateNew): RgbImage {
  const tj = turbo()
  const header = readHeader(jpeg)
  const { colorspace } = header
  if (colorspace === 'cmyk' || colorspace === 'ycck')
    throw new SlideFileError('unsupported', 'A JPEG image in the file has four colours (CMYK).')
  const [width, height] = [Math.ceil(header.width / reduction), Math.ceil(header.height / reduction)]
  const data = allocate(width * height * 3)
  const { lib, decompressor } = tj
  const flags = ACCURATE_DCT | LIMIT_SCANS
  check(tj, decompressor, lib.decompress(decompressor, jpeg, jpeg.length, data, width, 0, height, PIXELS_RGB, flags))
  return { width, height, data }
}

const planesOf = ({ y, u, v }: YuvPlanes) => [y, u, v]
const stridesOf = ({ yStride, uvStride }: YuvPlanes) => Int32Array.of(yStride, uvStride, uvStride)

/**
 * Decodes a complete YCbCr JPEG of `width` x `height` pixels, without any conversion of its samples, to where `target`'s
 * planes begin; of a grey one, the luma plane only.
 * @throws SlideFileError `damaged` also when the JPEG has another size or sampling than the target
 */
export function decodeYuvInto(jpeg: Uint8Array, target: YuvPlanes, width: number, height: number): void {
  const header = readHeader(jpeg)
  if (header.width !== width || header.height !== height) throw differing()
  decodeSamples(jpeg, target, header)
}

const differing = () =>
  new SlideFileError('damaged', 'A JPEG image in the file differs from the size or sampling that is stated.')

/**
 * As {@link decodeYuvInto}, of a JPEG whose markers up to the scan are known to be those that `header` was read from:
 * they say how much is written.
 */
export function decodeSamples(jpeg: Uint8Array, target: YuvPlanes, header: JpegHeader): void {
  const { width, height, sampling, colorspace } = header
  if (sampling !== target.subsampling && colorspace !== 'grey') throw differing()
  const tj = turbo()
  const { lib, decompressor } = tj
  const [planes, strides, flags] = [planesOf(target), stridesOf(target), ACCURATE_DCT | LIMIT_SCANS]
  check(tj, decompressor, lib.decompressToYuv(decompressor, jpeg, jpeg.length, planes, width, strides, height, flags))
}

/**
 * As {@link decodeSamples}, of the upper `rows` rows only (whole blocks: a multiple of 16), at the cost of those. The height
 * that the JPEG states is another one meanwhile, so its bytes must be the caller's own.
 */
export function decodeUpperRows(jpeg: Uint8Array, target: YuvPlanes, header: JpegHeader, rows: number): void {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length)
  const frame = segments(bytes).find(({ marker }) => isFrame(marker))
  if (!frame) throw differing()
  const height = frame.start + 5
  bytes.writeUInt16BE(rows, height)
  try {
    decodeSamples(jpeg, target, { ...header, height: rows })
  } finally {
    bytes.writeUInt16BE(header.height, height)
  }
}

/** Decodes a complete YCbCr or grey JPEG to its planes. @throws SlideFileError as {@link decodeYuvInto} */
export function decodeYuv(jpeg: Uint8Array): YuvImage {
  const { width, height, sampling, colorspace } = readHeader(jpeg)
  const image = allocateYuv(width, height, sampling === '4:4:4' ? '4:4:4' : '4:2:0')
  if (colorspace === 'grey') for (const plane of [image.u, image.v]) plane.fill(128)
  decodeYuvInto(jpeg, image, width, height)
  return image
}

/** Converts interleaved RGB to YCbCr (at 4:2:0 chroma averaged over 2x2 pixels) where `target`'s planes begin. */
export function rgbToYuv(rgb: Uint8Array, width: number, height: number, target: YuvPlanes): void {
  const tj = turbo()
  const { lib, compressor } = tj
  assertPixels(rgb, width, height)
  const strides = stridesOf(target)
  const sampling = SAMPLING.indexOf(target.subsampling)
  check(
    tj,
    compressor,
    lib.rgbToYuv(compressor, rgb, width, 0, height, PIXELS_RGB, planesOf(target), strides, sampling, ACCURATE_DCT),
  )
}

/** C reads what it is told to: a short buffer must end here and not in its memory. */
function assertPixels(pixels: Uint8Array, width: number, height: number, bytesPerPixel = 3): void {
  if (pixels.length < width * height * bytesPerPixel) throw new RangeError('fewer pixels than width * height')
}

interface JpegOptions {
  quality?: number
  subsampling?: Subsampling | 'grey'
}

/** Encodes interleaved RGB as a complete JPEG, in colour or grey. */
export const encodeRgb = (rgb: Uint8Array, width: number, height: number, options?: JpegOptions): Buffer =>
  encodePixels(rgb, width, height, PIXELS_RGB, options)

/** As {@link encodeRgb}, of four bytes a pixel: blue, green, red and one that is not looked at. */
export const encodeBgrx = (bgrx: Uint8Array, width: number, height: number, options?: JpegOptions): Buffer =>
  encodePixels(bgrx, width, height, PIXELS_BGRX, options)

function encodePixels(
  pixels: Uint8Array,
  width: number,
  height: number,
  format: typeof PIXELS_RGB | typeof PIXELS_BGRX,
  { quality = 50, subsampling = '4:2:0' }: JpegOptions = {},
): Buffer {
  const tj = turbo()
  const { lib, compressor } = tj
  assertPixels(pixels, width, height, format === PIXELS_BGRX ? 4 : 3)
  const sampling = SAMPLING.indexOf(subsampling)
  const target = [targetFor(tj, width, height, sampling)]
  const flags = ACCURATE_DCT | NO_REALLOC
  check(
    tj,
    compressor,
    lib.compress(compressor, pixels, width, 0, height, format, target, tj.size, sampling, quality, flags),
  )
  return written(tj)
}

/** Encodes `width` x `height` pixels from where the planes begin as a complete JPEG of the planes' sampling. */
export const encodeYuv = (
  planes: YuvPlanes,
  width: number,
  height: number,
  options: { quality?: number } = {},
): Buffer => Buffer.from(encodeYuvShared(planes, width, height, options))

/** As {@link encodeYuv}, in memory that the next call of any encoder overwrites. */
export function encodeYuvShared(planes: YuvPlanes, width: number, height: number, { quality = 50 } = {}): Uint8Array {
  const tj = turbo()
  const { lib, compressor } = tj
  const sampling = SAMPLING.indexOf(planes.subsampling)
  const target = [targetFor(tj, width, height, sampling)]
  const strides = stridesOf(planes)
  const flags = ACCURATE_DCT | NO_REALLOC
  check(
    tj,
    compressor,
    lib.compressFromYuv(
      compressor,
      planesOf(planes),
      width,
      strides,
      height,
      sampling,
      target,
      tj.size,
      quality,
      flags,
    ),
  )
  return lastWritten(tj)
}

/**
 * Cuts a complete JPEG to its upper left `width` x `height` pixels without decoding its samples (lossless).
 * @throws SlideFileError `damaged`
 */
export function crop(jpeg: Uint8Array, width: number, height: number): Buffer {
  const tj = turbo()
  const { lib, transformer } = tj
  const header = readHeader(jpeg)
  const target = [targetFor(tj, header.width, header.height, SAMPLING.indexOf(header.sampling))]
  const region = { x: 0, y: 0, w: Math.min(width, header.width), h: Math.min(height, header.height) }
  const transforms = [{ r: region, op: 0, options: TRANSFORM_CROP, data: null, customFilter: null }]
  check(tj, transformer, lib.transform(transformer, jpeg, jpeg.length, 1, target, tj.size, transforms, NO_REALLOC))
  return written(tj)
}
