import koffi from 'koffi'
import { SlideFileError } from './errors.ts'

/** A list of plane or buffer pointers, as C's `unsigned char **`. */
type Pointers = Uint8Array[]

/** libturbojpeg's calls (turbojpeg.h of 2.1), as far as they are needed. Handles are opaque; 0 means success. */
export interface TurboJpegLibrary {
  initCompress(): unknown
  initDecompress(): unknown
  initTransform(): unknown
  destroy(handle: unknown): number
  errorText(handle: unknown): string
  header(
    handle: unknown,
    jpeg: Uint8Array,
    size: number,
    width: Int32Array,
    height: Int32Array,
    sampling: Int32Array,
    colorspace: Int32Array,
  ): number
  decompress(
    handle: unknown,
    jpeg: Uint8Array,
    size: number,
    target: Uint8Array,
    width: number,
    pitch: number,
    height: number,
    pixelFormat: number,
    flags: number,
  ): number
  decompressToYuv(
    handle: unknown,
    jpeg: Uint8Array,
    size: number,
    planes: Pointers,
    width: number,
    strides: Int32Array,
    height: number,
    flags: number,
  ): number
  rgbToYuv(
    handle: unknown,
    rgb: Uint8Array,
    width: number,
    pitch: number,
    height: number,
    pixelFormat: number,
    planes: Pointers,
    strides: Int32Array,
    sampling: number,
    flags: number,
  ): number
  compress(
    handle: unknown,
    rgb: Uint8Array,
    width: number,
    pitch: number,
    height: number,
    pixelFormat: number,
    target: Pointers,
    size: BigUint64Array,
    sampling: number,
    quality: number,
    flags: number,
  ): number
  compressFromYuv(
    handle: unknown,
    planes: Pointers,
    width: number,
    strides: Int32Array,
    height: number,
    sampling: number,
    target: Pointers,
    size: BigUint64Array,
    quality: number,
    flags: number,
  ): number
  transform(
    handle: unknown,
    jpeg: Uint8Array,
    size: number,
    count: number,
    target: Pointers,
    sizes: BigUint64Array,
    transforms: unknown[],
    flags: number,
  ): number
  /** The most bytes that a JPEG of this size can take. */
  bufferSize(width: number, height: number, sampling: number): number
}

const NAMES = ['libturbojpeg.so.0', 'libturbojpeg.0.dylib']

function load(): ReturnType<typeof koffi.load> {
  for (const name of NAMES) {
    try {
      return koffi.load(name)
    } catch {
      // The next name is tried.
    }
  }
  throw new SlideFileError('library-missing', 'libturbojpeg is not installed (Debian: apt install libturbojpeg0).')
}

/** Binds the installed libturbojpeg. @throws SlideFileError `library-missing` */
export function bindTurboJpeg(): TurboJpegLibrary {
  const lib = load()
  const region = koffi.struct({ x: 'int', y: 'int', w: 'int', h: 'int' })
  const transform = koffi.struct({ r: region, op: 'int', options: 'int', data: 'void *', customFilter: 'void *' })
  return {
    initCompress: lib.func('void *tjInitCompress()'),
    initDecompress: lib.func('void *tjInitDecompress()'),
    initTransform: lib.func('void *tjInitTransform()'),
    destroy: lib.func('int tjDestroy(void *handle)'),
    errorText: lib.func('const char *tjGetErrorStr2(void *handle)'),
    header: lib.func(
      'int tjDecompressHeader3(void *handle, const uint8_t *jpeg, unsigned long size, int *width, int *height, int *sampling, int *colorspace)',
    ),
    decompress: lib.func(
      'int tjDecompress2(void *handle, const uint8_t *jpeg, unsigned long size, uint8_t *target, int width, int pitch, int height, int pixelFormat, int flags)',
    ),
    decompressToYuv: lib.func(
      'int tjDecompressToYUVPlanes(void *handle, const uint8_t *jpeg, unsigned long size, uint8_t **planes, int width, int *strides, int height, int flags)',
    ),
    rgbToYuv: lib.func(
      'int tjEncodeYUVPlanes(void *handle, const uint8_t *rgb, int width, int pitch, int height, int pixelFormat, uint8_t **planes, int *strides, int sampling, int flags)',
    ),
    compress: lib.func(
      'int tjCompress2(void *handle, const uint8_t *rgb, int width, int pitch, int height, int pixelFormat, uint8_t **target, void *size, int sampling, int quality, int flags)',
    ),
    compressFromYuv: lib.func(
      'int tjCompressFromYUVPlanes(void *handle, const uint8_t **planes, int width, const int *strides, int height, int sampling, uint8_t **target, void *size, int quality, int flags)',
    ),
    transform: lib.func('tjTransform', 'int', [
      'void *',
      'const uint8_t *',
      'unsigned long',
      'int',
      'uint8_t **',
      'void *',
      koffi.pointer(transform),
      'int',
    ]),
    bufferSize: lib.func('unsigned long tjBufSize(int width, int height, int sampling)'),
  }
}
