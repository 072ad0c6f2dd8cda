import { encodeRgb, type Subsampling } from '../turbojpeg.ts'
import { bindTurboJpeg } from '../turbojpeg-binding.ts'
import { numberFromZero, splitTables, withComment } from './jpeg-tables.ts'

/** Compresses the pictures of one slide file; all of them share one set of tables. */
export interface JpegCoder {
  /** The value of JPEGTables (347). */
  tables: Buffer
  /** An abbreviated JPEG stream of interleaved RGB. */
  encode(rgb: Uint8Array, width: number, height: number): Buffer
}

export interface CoderOptions {
  /** `rgb` stores R, G and B as they are, unsubsampled, with components 0, 1, 2 and no marker that says so. */
  coding: 'ycbcr' | 'rgb'
  quality: number
  /** Of `ycbcr`; 4:2:0 unless said. */
  subsampling?: Subsampling
  /** Free text that every picture carries (COM). */
  comment?: string
}

/** @throws SlideFileError `library-missing` */
export function createCoder({ coding, quality, subsampling = '4:2:0', comment }: CoderOptions): JpegCoder {
  const complete =
    coding === 'rgb'
      ? createPlaneEncoder(quality)
      : (rgb: Uint8Array, width: number, height: number) => encodeRgb(rgb, width, height, { quality, subsampling })
  const encode = (rgb: Uint8Array, width: number, height: number) => {
    const { abbreviated } = splitTables(complete(rgb, width, height))
    const jpeg = coding === 'rgb' ? numberFromZero(abbreviated) : abbreviated
    return comment ? withComment(jpeg, comment) : jpeg
  }
  return { tables: splitTables(complete(new Uint8Array(16 * 16 * 3), 16, 16)).tables, encode }
}

// Values of turbojpeg.h.
const SAMPLING_444 = 0
const ACCURATE_DCT = 4096
const NO_REALLOC = 1024

/**
 * TurboJPEG always converts RGB to YCbCr. Given as planes that are Y, Cb and Cr already, R, G and B pass unconverted.
 */
function createPlaneEncoder(quality: number): (rgb: Uint8Array, width: number, height: number) => Buffer {
  const lib = bindTurboJpeg()
  const handle = lib.initCompress()
  return (rgb, width, height) => {
    const planes = [0, 1, 2].map(c => plane(rgb, c))
    const target = new Uint8Array(Number(lib.bufferSize(width, height, SAMPLING_444)))
    const size = BigUint64Array.of(BigInt(target.length))
    const strides = Int32Array.of(width, width, width)
    const flags = ACCURATE_DCT | NO_REALLOC
    const failed = lib.compressFromYuv(
      handle,
      planes,
      width,
      strides,
      height,
      SAMPLING_444,
      [target],
      size,
      quality,
      flags,
    )
    if (failed) throw new Error(lib.errorText(handle))
    return Buffer.from(target.subarray(0, Number(size[0])))
  }
}

function plane(rgb: Uint8Array, channel: number): Uint8Array {
  const out = new Uint8Array(rgb.length / 3)
  for (let i = 0; i < out.length; i++) out[i] = rgb[i * 3 + channel] as number
  return out
}
