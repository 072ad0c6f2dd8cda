/** How much of a stored tile is its picture; pure. */
import { inflateSync } from 'node:zlib'
import { Compression } from '@coverslip/wsi/tiff/tags.ts'
import type { Extent } from '../procedure/extents.ts'

const CLEAR = 256
const END = 257
const FIRST = 258

/** Bytes of TIFF's LZW up to the code that ends it (TIFF 6.0, section 13); all of them when there is none. */
function lzwLength(bytes: Buffer): number {
  let [width, next, bit] = [9, FIRST, 0]
  let fresh = true
  while (bit + width <= bytes.length * 8) {
    const at = bit >> 3
    const three = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const code = (three >> (24 - (bit & 7) - width)) & ((1 << width) - 1)
    bit += width
    if (code === END) return Math.ceil(bit / 8)
    if (code === CLEAR) {
      ;[width, next, fresh] = [9, FIRST, true]
      continue
    }
    // The first code after a clear defines none.
    if (!fresh) next += 1
    fresh = false
    if (next + 1 >= 1 << width && width < 12) width += 1
  }
  return bytes.length
}

/** Bytes of a DEFLATE stream; all of them when it is damaged, which shows when it is decoded. */
function deflateLength(bytes: Buffer, pixels: number): number {
  try {
    // `info` gives the engine, which counts what it has read; the types of Node leave it out.
    const { engine } = inflateSync(bytes, { info: true, maxOutputLength: pixels + 64 }) as unknown as {
      engine: { bytesWritten: number }
    }
    return engine.bytesWritten
  } catch {
    return bytes.length
  }
}

const SOC = 0xff4f
const COMMENT = 0xff64
const SOT = 0xff90
const SOD = 0xff93
const EOC = 0xffd9
const END_OF_CODESTREAM = Buffer.from([0xff, 0xd9])
/** Encoders sign their streams. */
const SIGNATURE = /^(Kakadu-(v(xt)?)?\d[\d.]{0,10}|Created by OpenJPEG version [\d.]{1,10})\0?$/

/** Where a tile-part ends: it says so itself, but the last one may leave that to the end of the stream. */
function partEnd(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at + 6)
  const last = bytes.lastIndexOf(END_OF_CODESTREAM)
  return length > 0 ? at + length : last < 0 ? bytes.length : last
}

/**
 * Comments of a JPEG 2000 codestream, in the main header and in those of its tile-parts, and what follows its end (ITU-T
 * T.800, annex A). Damage ends the search: it shows when the tile is decoded.
 */
function jpeg2000Notes(bytes: Buffer): Extent[] {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== SOC) return []
  const notes: Extent[] = []
  let part = 0
  for (let at = 2; at + 2 <= bytes.length; ) {
    const marker = bytes.readUInt16BE(at)
    if (marker === SOD && part > at) {
      at = part
      continue
    }
    const end = marker === EOC || at + 4 > bytes.length ? 0 : at + 2 + bytes.readUInt16BE(at + 2)
    if (marker === EOC) notes.push({ offset: at + 2, length: bytes.length - at - 2 })
    // Behind a tile-part comes another one, or the end.
    else if (at === part && marker !== SOT) notes.push({ offset: at, length: bytes.length - at })
    if (end > bytes.length || end < at + 4 || (at === part && marker !== SOT)) break
    if (marker === SOT && end === at + 12) part = partEnd(bytes, at)
    // Two bytes say whether the comment is text.
    const text = { offset: at + 6, length: end - at - 6 }
    if (marker === COMMENT && !SIGNATURE.test(bytes.toString('latin1', text.offset, end))) notes.push(text)
    at = end
  }
  return notes
}

/**
 * The bytes of a stored tile that no decoder looks at. JPEG has a step of its own.
 * @param pixels bytes of the tile when it is decoded
 */
export function needlessBytes(compression: number, bytes: Buffer, pixels: number): Extent[] {
  const behind = (end: number) => [{ offset: end, length: Math.max(0, bytes.length - end) }]
  switch (compression) {
    case Compression.None:
      return behind(pixels)
    case Compression.Lzw:
      return behind(lzwLength(bytes))
    case Compression.Deflate:
    case Compression.AdobeDeflate:
      return behind(deflateLength(bytes, pixels))
    case Compression.AperioJpeg2000YCbCr:
    case Compression.AperioJpeg2000Rgb:
      return jpeg2000Notes(bytes)
    default:
      return []
  }
}
