/** The handles of libturbojpeg, one set per thread, and what its outcomes mean. */
import { SlideFileError } from './errors.ts'
import { bindTurboJpeg, type TurboJpegLibrary } from './turbojpeg-binding.ts'

export interface TurboJpeg {
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

// Values of turbojpeg.h.
/** The slow integer DCT, which libjpeg, libtiff and libvips use; TurboJPEG's own default below quality 96 is a coarser one. */
export const ACCURATE_DCT = 4096
/** At most 500 scans: a progressive JPEG can otherwise keep a decoder busy for minutes. */
export const LIMIT_SCANS = 32768

let loaded: TurboJpeg | undefined

/** One instance per thread: handles are not thread-safe, and each worker has its own module state. */
export function turbo(): TurboJpeg {
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
export function check(tj: TurboJpeg, handle: unknown, outcome: number): void {
  if (outcome === 0) return
  const cause = new Error(tj.lib.errorText(handle))
  if (WARNING.test(cause.message)) return
  abandon(tj)
  throw new SlideFileError('damaged', 'A JPEG image in the file is damaged.', { cause })
}

/**
 * Lets go of the handles after a fatal error: a header that breaks off leaves libjpeg in the middle of it, and the next
 * JPEG, however sound, would be read from there (tjDecompressHeader3 of libjpeg-turbo 2.1 does not reset).
 */
function abandon(tj: TurboJpeg): void {
  if (loaded === tj) loaded = undefined
  for (const handle of [tj.compressor, tj.decompressor, tj.transformer]) tj.lib.destroy(handle)
}

/** The target buffer, large enough for a JPEG of this size. */
export function targetFor(tj: TurboJpeg, width: number, height: number, sampling: number): Uint8Array {
  const bytes = Number(tj.lib.bufferSize(width, height, sampling))
  if (tj.target.length < bytes) tj.target = new Uint8Array(bytes)
  tj.size[0] = BigInt(tj.target.length)
  return tj.target
}

/** What the last encoder wrote, in memory that the next one overwrites. */
export const lastWritten = (tj: TurboJpeg): Uint8Array => tj.target.subarray(0, Number(tj.size[0]))
/** A copy of it. */
export const written = (tj: TurboJpeg): Buffer => Buffer.from(lastWritten(tj))
