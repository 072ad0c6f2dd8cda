/**
 * Whether a stored tile holds nothing but its picture: no comment, no application data, nothing behind its end. What a
 * cleaned tile has in such places is zeros.
 */
import { inflateSync } from 'node:zlib'
import type { Coding } from './layout.ts'

const isZero = (bytes: Buffer): boolean => bytes.every(byte => byte === 0)

/** Takes a JPEG stream in pieces. */
export interface JpegCheck {
  push(piece: Buffer): void
  /** Whether all that was pushed is picture. */
  clean(): boolean
}

/** JFIF without a thumbnail, Adobe's note on the colour transform; other notes only when they are blank. */
function isPlainSegment(marker: number, payload: Buffer): boolean {
  const isNote = (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe
  if (!isNote || isZero(payload)) return true
  if (marker === 0xe0) return payload.toString('latin1', 0, 5) === 'JFIF\0' && isZero(payload.subarray(14))
  return marker === 0xee && payload.toString('latin1', 0, 5) === 'Adobe' && isZero(payload.subarray(12))
}

/** Walks a JPEG stream (ITU-T T.81, annex B) segment by segment; entropy-coded data is passed over. */
export function checkJpeg(): JpegCheck {
  let pending: Buffer = Buffer.alloc(0)
  let part: 'segments' | 'entropy' | 'behind' = 'segments'
  let clean = true
  /** @returns how far it came; the rest waits for more */
  const segments = (bytes: Buffer, from: number): number => {
    if (bytes.length - from < 2) return from
    const marker = bytes[from + 1]!
    if (bytes[from] !== 0xff) {
      // What follows the entropy-coded data of a damaged stream is no picture.
      part = 'behind'
      return from
    }
    if (marker === 0xff) return from + 1
    if (marker === 0xd9) part = 'behind'
    if (marker === 0xd8 || marker === 0xd9 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) return from + 2
    if (bytes.length - from < 4) return from
    const end = from + 2 + bytes.readUInt16BE(from + 2)
    if (end > bytes.length) return from
    if (!isPlainSegment(marker, bytes.subarray(from + 4, end))) clean = false
    if (marker === 0xda) part = 'entropy'
    return end
  }
  const entropy = (bytes: Buffer, from: number): number => {
    for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at)) {
      const next = bytes[at + 1]
      if (next === undefined) return at
      if (next === 0x00 || (next >= 0xd0 && next <= 0xd7)) at += 2
      else if (next === 0xff) at += 1
      else {
        part = 'segments'
        return at
      }
    }
    return bytes.length
  }
  return {
    push(piece) {
      const bytes = pending.length > 0 ? Buffer.concat([pending, piece]) : piece
      let at = 0
      for (let before = -1; at !== before; ) {
        before = at
        if (part === 'segments') at = segments(bytes, at)
        else if (part === 'entropy') at = entropy(bytes, at)
        else {
          if (!isZero(bytes.subarray(at))) clean = false
          at = bytes.length
        }
        // The part may have changed without a step.
        if (at === before && part === 'behind' && at < bytes.length) before = -1
      }
      pending = Buffer.from(bytes.subarray(at))
    },
    clean: () => clean && isZero(pending),
  }
}

/** What encoders call themselves in the comment of a JPEG 2000 codestream. */
const ENCODER = /^(Created by OpenJPEG version [\d.]{1,10}|Kakadu-v?[\w.]{1,16}|Creator: [A-Za-z0-9 ._-]{1,32})\0?$/

/** Main header of a JPEG 2000 codestream (ITU-T T.800, annex A) and what follows its end. */
function isPlainJpeg2000(bytes: Buffer): boolean {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xff4f) return true
  for (let at = 2; at + 4 <= bytes.length && bytes.readUInt16BE(at) !== 0xff90; ) {
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    const text = bytes.subarray(at + 6, end)
    if (bytes.readUInt16BE(at) === 0xff64 && !isZero(text) && !ENCODER.test(text.toString('latin1'))) return false
    at = end
  }
  const last = bytes.lastIndexOf(Buffer.from([0xff, 0xd9]))
  return last < 0 || isZero(bytes.subarray(last + 2))
}

function isPlainDeflate(bytes: Buffer): boolean {
  try {
    const { engine } = inflateSync(bytes, { info: true }) as unknown as { engine: { bytesWritten: number } }
    return isZero(bytes.subarray(engine.bytesWritten))
  } catch {
    return false
  }
}

const CLEAR = 256
const END = 257

/** Follows the codes of TIFF's LZW (TIFF 6.0, section 13) without decoding them, up to the code that ends the stream. */
export function lzwLength(bytes: Buffer): number {
  let width = 9
  let next = 258
  for (let bit = 0; bit + width <= bytes.length * 8; ) {
    const at = bit >> 3
    const window = ((bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)) >>> 0
    const code = (window >>> (24 - width - (bit & 7))) & ((1 << width) - 1)
    bit += width
    if (code === END) return (bit + 7) >> 3
    if (code === CLEAR) [width, next] = [9, 258]
    else {
      next += 1
      // The width grows one code early; the first code after a clear adds no entry.
      if (next > 511) width = next > 2047 ? 12 : next > 1023 ? 11 : 10
    }
  }
  return bytes.length
}

/** Whether a whole tile or strip is nothing but picture. */
export function isPlain(coding: Coding, bytes: Buffer): boolean {
  if (bytes.length === 0) return true
  if (coding === 'jpeg') {
    const check = checkJpeg()
    check.push(bytes)
    return check.clean()
  }
  if (coding === 'jpeg2000') return isPlainJpeg2000(bytes)
  if (coding === 'deflate') return isPlainDeflate(bytes)
  return coding !== 'lzw' || isZero(bytes.subarray(lzwLength(bytes)))
}
