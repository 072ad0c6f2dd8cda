import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { SlideFileError } from '../errors.ts'
import { frameSize, needsAdobeMarker, spliceTables, withAdobeMarker } from '../jpeg.ts'
import { decodeRgb } from '../turbojpeg.ts'
import type { Geometry, TiffImage } from './image.ts'
import { decodeLzw } from './lzw.ts'
import { Compression, Photometric } from './tags.ts'

const inflateAsync = promisify(inflate)

/** A decoded tile is held in memory as a whole; 128 Mpx are 384 MiB. */
const MAX_TILE_PIXELS = 128 * 1024 * 1024

const damagedTile = (cause?: unknown) => new SlideFileError('damaged', 'A tile of the file is damaged.', { cause })

/** Why this code cannot decode an image's tiles, in words that follow "The image is stored"; null when it can. */
export function undecodable(image: Geometry): string | null {
  const { compression, photometric, samplesPerPixel: samples } = image
  if (image.planar !== 1 && samples > 1) return 'with one plane per colour'
  if (image.bitsPerSample !== 8 || image.sampleFormat !== 1) return 'with other than 8 bits per colour'
  if (compression === Compression.Jpeg)
    return samples === 3 || samples === 1 ? null : 'as JPEG with more than 3 colours'
  if (!isPlain(compression)) return 'in a compression that is not supported'
  if (image.predictor > 2) return 'with a floating-point predictor'
  if (photometric === Photometric.Rgb) return samples === 3 || samples === 4 ? null : 'with more than 4 channels'
  if (photometric > Photometric.BlackIsZero) return 'in a colour model that is not supported'
  return samples === 1 ? null : 'with several grey channels'
}

const isPlain = (compression: number) =>
  compression === Compression.None ||
  compression === Compression.Lzw ||
  compression === Compression.Deflate ||
  compression === Compression.AdobeDeflate ||
  compression === Compression.PackBits

/**
 * One tile or strip as interleaved 8-bit RGB of `width` x `height` pixels.
 * @throws SlideFileError `damaged`, `too-large`
 */
export async function decodeTile(image: TiffImage, bytes: Buffer, width: number, height: number): Promise<Buffer> {
  if (width * height > MAX_TILE_PIXELS) throw new SlideFileError('too-large', 'A tile of the file is too large.')
  if (image.compression === Compression.Jpeg) return decodeJpegTile(image, bytes, width, height)
  const length = width * height * image.samplesPerPixel
  const samples = await decompress(image.compression, bytes, length)
  if (image.predictor === 2) undoDifferencing(samples, width, image.samplesPerPixel)
  return toRgb(image, samples)
}

/** A complete JPEG of a tile, with Adobe's marker where decoders would else mistake RGB for YCbCr. */
export function completeJpeg(image: Pick<TiffImage, 'jpegTables' | 'photometric'>, tile: Buffer): Buffer {
  const jpeg = spliceTables(image.jpegTables, tile)
  return needsAdobeMarker(jpeg, image.photometric) ? withAdobeMarker(jpeg, 0) : jpeg
}

function decodeJpegTile(image: TiffImage, bytes: Buffer, width: number, height: number): Buffer {
  const jpeg = completeJpeg(image, bytes)
  const frame = frameSize(jpeg)
  // Checked before decoding: the frame header decides how much memory a decoder takes.
  if (frame.width !== width || frame.height !== height) throw damagedTile()
  const { data } = decodeRgb(jpeg)
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

async function decompress(compression: number, bytes: Buffer, length: number): Promise<Buffer> {
  if (compression === Compression.Lzw) return decodeLzw(bytes, length)
  if (compression === Compression.PackBits) return decodePackBits(bytes, length)
  if (compression === Compression.None) {
    if (bytes.length < length) throw damagedTile()
    return Buffer.from(bytes.subarray(0, length))
  }
  const output = await inflateAsync(bytes, { maxOutputLength: length }).catch(cause => {
    throw damagedTile(cause)
  })
  if (output.length < length) throw damagedTile()
  return output
}

/** Runs of bytes (TIFF 6.0, section 9). */
function decodePackBits(input: Buffer, length: number): Buffer {
  const output = Buffer.alloc(length)
  let written = 0
  for (let at = 0; at < input.length && written < length; ) {
    const n = input.readInt8(at++)
    if (n === -128) continue
    const run = n >= 0 ? n + 1 : 1 - n
    if (n >= 0) input.copy(output, written, at, at + run)
    else output.fill(input[at] ?? 0, written, Math.min(written + run, length))
    written += run
    at += n >= 0 ? run : 1
  }
  if (written < length) throw damagedTile()
  return output
}

/** Horizontal differencing (TIFF 6.0, section 14), in place. */
function undoDifferencing(samples: Buffer, width: number, perPixel: number): void {
  const stride = width * perPixel
  for (let row = 0; row < samples.length; row += stride) {
    if (perPixel === 3) sumRgb(samples, row, row + stride)
    else for (let c = row; c < row + perPixel; c++) sumEvery(samples, c, row + stride, perPixel)
  }
}

/** Three sums at a time, since nearly all slides have three colours: a fifth of the time. */
function sumRgb(samples: Buffer, from: number, end: number): void {
  let r = 0
  let g = 0
  let b = 0
  for (let i = from; i < end; i += 3) {
    r = (r + (samples[i] as number)) & 0xff
    g = (g + (samples[i + 1] as number)) & 0xff
    b = (b + (samples[i + 2] as number)) & 0xff
    samples[i] = r
    samples[i + 1] = g
    samples[i + 2] = b
  }
}

function sumEvery(samples: Buffer, from: number, end: number, step: number): void {
  let sum = 0
  for (let i = from; i < end; i += step) {
    sum = (sum + (samples[i] as number)) & 0xff
    samples[i] = sum
  }
}

function toRgb(image: Geometry, samples: Buffer): Buffer {
  if (image.samplesPerPixel === 3) return samples
  const count = samples.length / image.samplesPerPixel
  const rgb = Buffer.allocUnsafe(count * 3)
  if (image.samplesPerPixel === 1) {
    const flip = image.photometric === Photometric.WhiteIsZero ? 0xff : 0
    for (let i = 0; i < count; i++) rgb.fill((samples[i] as number) ^ flip, i * 3, i * 3 + 3)
    return rgb
  }
  // Extra sample 0 (unspecified) is no alpha; 1 is premultiplied, 2 is not. The ground is white.
  for (let i = 0; i < count; i++) {
    const alpha = image.extraSample === 1 || image.extraSample === 2 ? (samples[i * 4 + 3] as number) : 255
    const factor = image.extraSample === 2 ? alpha / 255 : 1
    for (let c = 0; c < 3; c++) {
      rgb[i * 3 + c] = Math.min(255, Math.round((samples[i * 4 + c] as number) * factor + 255 - alpha))
    }
  }
  return rgb
}
