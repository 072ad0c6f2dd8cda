import { SlideFileError } from './errors.ts'
import { bindTurboJpeg, type TurboJpegLibrary } from './turbojpeg-binding.ts'

/** Chroma sampling of a JPEG that is written. */
export type Subsampling = '4:4:4' | '4:2:2' | '4:2:0'

export interface RgbImage {
  width: number
  height: number
  /** Interleaved 8-bit RGB. */
  data: Uint8Array
}

/**
 * 8-bit YCbCr planes at 4:2:0 (full range, BT.601, as in JFIF). The chroma planes hold ceil(width/2) x ceil(height/2)
 * samples. Strides are bytes from row to row.
 */
export interface YuvPlanes {
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

export interface JpegHeader {
  width: number
  height: number
  sampling: '4:4:4' | '4:2:2' | '4:2:0' | 'grey' | '4:4:0' | '4:1:1'
  colorspace: 'rgb' | 'ycbcr' | 'grey' | 'cmyk' | 'ycck'
}

// Values of turbojpeg.h.
const SAMPLING = ['4:4:4', '4:2:2', '4:2:0', 'grey', '4:4:0', '4:1:1'] as const
const COLORSPACE = ['rgb', 'ycbcr', 'grey', 'cmyk', 'ycck'] as const
const YUV420 = SAMPLING.indexOf('4:2:0')
const PIXELS_RGB = 0
const NO_REALLOC = 1024
/** The slow integer DCT, which libjpeg, libtiff and libvips use; TurboJPEG's own default below quality 96 is a coarser one. */
const ACCURATE_DCT = 4096
/** At most 500 scans: a progressive JPEG can otherwise keep a decoder busy for minutes. */
const LIMIT_SCANS = 32768
const TRANSFORM_CROP = 4

/** Pictures beyond this are refused before any memory is taken for them. */
const MAX_PIXELS = 128 * 1024 * 1024

interface TurboJpeg {
  lib: TurboJpegLibrary
  compressor: unknown
  decompressor: unknown
  transformer: unknown
  /** Where the library writes sizes. */
  ints: [Int32Array, Int32Array, Int32Array, Int32Array]
  size: BigUint64Array
  /** Where the library writes a JPEG; grows. */
  target: Uint8Array
}

let loaded: TurboJpeg | undefined

/** One instance per thread: handles are not thread-safe, and each worker has its own module state. */
function turbo(): TurboJpeg {
  if (loaded) return loaded
  const lib = bindTurboJpeg()
  loaded = {
    lib,
    compressor: lib.initCompress(),
    decompressor: lib.initDecompress(),
    transformer: lib.initTransform(),
    ints: [new Int32Array(1), new Int32Array(1), new Int32Array(1), new Int32Array(1)],
    size: new BigUint64Array(1),
    target: new Uint8Array(256 * 1024),
  }
  return loaded
}

/** libjpeg's warnings (jerror.h), all about data that readers show as far as it goes. */
const WARNING = /^(Corrupt JPEG data|Premature end of JPEG|Invalid Adobe|Warning:|Invalid SOS|Inconsistent progression)/

/**
 * Throws for a fatal error. Told by the last message: `tjGetErrorCode` still says "warning" when a fatal error follows
 * one (libjpeg-turbo 2.1).
 */
function check({ lib }: TurboJpeg, handle: unknown, outcome: number): void {
  if (outcome === 0) return
  const cause = new Error(lib.errorText(handle))
  if (WARNING.test(cause.message)) return
  throw new SlideFileError('damaged', 'A JPEG image in the file is damaged.', { cause })
}

/** The target buffer, large enough for a JPEG of this size. */
function targetFor(tj: TurboJpeg, width: number, height: number, sampling: number): Uint8Array {
  const bytes = Number(tj.lib.bufferSize(width, height, sampling))
  if (tj.target.length < bytes) tj.target = new Uint8Array(bytes)
  tj.size[0] = BigInt(tj.target.length)
  return tj.target
}

const written = (tj: TurboJpeg): Buffer => Buffer.from(tj.target.subarray(0, Number(tj.size[0])))

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

/**
 * Decodes a complete JPEG to RGB; grey becomes three equal channels.
 * @throws SlideFileError `damaged`, `unsupported`, `too-large`, `library-missing`
 */
export function decodeRgb(jpeg: Uint8Array, allocate: Allocate = allocateNew): RgbImage {
  const tj = turbo()
  const { width, height, colorspace } = readHeader(jpeg)
  if (colorspace === 'cmyk' || colorspace === 'ycck')
    throw new SlideFileError('unsupported', 'A JPEG image in the file has four colours (CMYK).')
  const data = allocate(width * height * 3)
  const { lib, decompressor } = tj
  const flags = ACCURATE_DCT | LIMIT_SCANS
  check(tj, decompressor, lib.decompress(decompressor, jpeg, jpeg.length, data, width, 0, height, PIXELS_RGB, flags))
  return { width, height, data }
}

/** Gives memory: new, or a piece that is used again and again. */
export type Allocate = (bytes: number) => Uint8Array

const allocateNew: Allocate = bytes => new Uint8Array(bytes)

/** Planes for an image of this size, not initialised. Strides are multiples of 4, so that rows can be read as words. */
export function allocateYuv420(width: number, height: number, allocate: Allocate = allocateNew): YuvImage {
  const yStride = (width + 7) & ~7
  const uvStride = yStride / 2
  const rows = (height + 1) >> 1
  const luma = yStride * rows * 2
  const chroma = uvStride * rows
  const memory = allocate(luma + 2 * chroma)
  return {
    width,
    height,
    yStride,
    uvStride,
    y: memory.subarray(0, luma),
    u: memory.subarray(luma, luma + chroma),
    v: memory.subarray(luma + chroma),
  }
}

const planesOf = ({ y, u, v }: YuvPlanes) => [y, u, v]
const stridesOf = ({ yStride, uvStride }: YuvPlanes) => Int32Array.of(yStride, uvStride, uvStride)

/**
 * Decodes a complete YCbCr 4:2:0 JPEG of `width` x `height` pixels, without any conversion of its samples, to where
 * `target`'s planes begin.
 * @throws SlideFileError `damaged` also when the JPEG has another size or sampling
 */
export function decodeYuv420Into(jpeg: Uint8Array, target: YuvPlanes, width: number, height: number): void {
  const tj = turbo()
  const header = readHeader(jpeg)
  if (header.width !== width || header.height !== height || header.sampling !== '4:2:0')
    throw new SlideFileError('damaged', 'A JPEG image in the file differs from the size or sampling that is stated.')
  const { lib, decompressor } = tj
  const flags = ACCURATE_DCT | LIMIT_SCANS
  const strides = stridesOf(target)
  check(
    tj,
    decompressor,
    lib.decompressToYuv(decompressor, jpeg, jpeg.length, planesOf(target), width, strides, height, flags),
  )
}

/** Decodes a complete YCbCr 4:2:0 JPEG to its planes. @throws SlideFileError as {@link decodeYuv420Into} */
export function decodeYuv420(jpeg: Uint8Array): YuvImage {
  const { width, height } = readHeader(jpeg)
  const image = allocateYuv420(width, height)
  decodeYuv420Into(jpeg, image, width, height)
  return image
}

/** Converts interleaved RGB to YCbCr 4:2:0 (chroma averaged over 2x2 pixels) where `target`'s planes begin. */
export function rgbToYuv420(rgb: Uint8Array, width: number, height: number, target: YuvPlanes): void {
  const tj = turbo()
  const { lib, compressor } = tj
  assertPixels(rgb, width, height)
  const strides = stridesOf(target)
  check(
    tj,
    compressor,
    lib.rgbToYuv(compressor, rgb, width, 0, height, PIXELS_RGB, planesOf(target), strides, YUV420, ACCURATE_DCT),
  )
}

/** C reads what it is told to: a short buffer must end here and not in its memory. */
function assertPixels(rgb: Uint8Array, width: number, height: number): void {
  if (rgb.length < width * height * 3) throw new RangeError('fewer pixels than width * height')
}

/** Encodes interleaved RGB as a complete JPEG. */
export function encodeRgb(
  rgb: Uint8Array,
  width: number,
  height: number,
  { quality = 50, subsampling = '4:2:0' }: { quality?: number; subsampling?: Subsampling } = {},
): Buffer {
  const tj = turbo()
  const { lib, compressor } = tj
  assertPixels(rgb, width, height)
  const sampling = SAMPLING.indexOf(subsampling)
  const target = [targetFor(tj, width, height, sampling)]
  const flags = ACCURATE_DCT | NO_REALLOC
  check(
    tj,
    compressor,
    lib.compress(compressor, rgb, width, 0, height, PIXELS_RGB, target, tj.size, sampling, quality, flags),
  )
  return written(tj)
}

/** Encodes `width` x `height` pixels from where the planes begin as a complete 4:2:0 JPEG. */
export function encodeYuv420(planes: YuvPlanes, width: number, height: number, { quality = 50 } = {}): Buffer {
  const tj = turbo()
  const { lib, compressor } = tj
  const target = [targetFor(tj, width, height, YUV420)]
  const strides = stridesOf(planes)
  const flags = ACCURATE_DCT | NO_REALLOC
  check(
    tj,
    compressor,
    lib.compressFromYuv(compressor, planesOf(planes), width, strides, height, YUV420, target, tj.size, quality, flags),
  )
  return written(tj)
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
