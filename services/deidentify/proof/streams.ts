/**
 * Whether a stored tile holds nothing but its picture: no comment, no application data, nothing behind its end. What a
 * cleaned tile has in such places is zeros.
 */
import { inflateSync } from 'node:zlib'
import type { Range } from './bytes.ts'
import type { Coding } from './layout.ts'

const isZero = (bytes: Buffer): boolean => bytes.every(byte => byte === 0)

/** Takes a JPEG stream in pieces. */
export interface JpegNotes {
  push(piece: Buffer): void
  /** What of the stream is no picture, relative to its begin: notes, and what follows the end. */
  notes(): Range[]
  /** Whether all of that is blank. */
  clean(): boolean
}

/** SOF, DHT, SOS, DQT. */
const PICTURE = new Set([
  ...[0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf],
  ...[0xda, 0xdb],
])

/** The eight tables of arithmetic coding with a value each; a text names other tables. */
function arithmeticBytes(payload: Buffer): number {
  const tables = payload.subarray(0, 16).filter((_, i) => i % 2 === 0)
  return tables.every(table => table >> 4 <= 1 && (table & 15) <= 3) ? 16 : 0
}

function neededBytes(marker: number, payload: Buffer): number {
  const opening = payload.toString('latin1', 0, 5)
  if (PICTURE.has(marker)) return payload.length
  // The number of lines; the restart interval.
  if (marker === 0xdc || marker === 0xdd) return 2
  if (marker === 0xcc) return arithmeticBytes(payload)
  return marker === 0xe0 && opening === 'JFIF\0' ? 14 : marker === 0xee && opening === 'Adobe' ? 12 : 0
}

/** What of a segment no decoder needs: all of a note, but JFIF's 14 bytes and the 12 of Adobe's on the colour transform. */
const noteIn = (marker: number, payload: Buffer): number => Math.max(0, payload.length - neededBytes(marker, payload))

/** Walks a JPEG stream (ITU-T T.81, annex B) segment by segment; entropy-coded data is passed over. */
export function jpegNotes(): JpegNotes {
  const notes: Range[] = []
  let pending: Buffer = Buffer.alloc(0)
  /** Where `pending` begins. */
  let base = 0
  let part: 'segments' | 'entropy' | 'behind' = 'segments'
  let clean = true
  const note = (bytes: Buffer, from: number, to: number): void => {
    if (!isZero(bytes.subarray(from, to))) clean = false
    const last = notes.at(-1)
    if (last && last.offset + last.length === base + from) last.length += to - from
    else if (to > from) notes.push({ offset: base + from, length: to - from })
  }
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
    note(bytes, end - noteIn(marker, bytes.subarray(from + 4, end)), end)
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
  const step = (bytes: Buffer, at: number): number => {
    if (part === 'segments') return segments(bytes, at)
    if (part === 'entropy') return entropy(bytes, at)
    note(bytes, at, bytes.length)
    return bytes.length
  }
  return {
    push(piece) {
      const bytes = pending.length > 0 ? Buffer.concat([pending, piece]) : piece
      let at = 0
      for (let before = '', now = ' '; now !== before; now = `${part} ${at}`) {
        before = now
        at = step(bytes, at)
      }
      base += at
      pending = Buffer.from(bytes.subarray(at))
    },
    notes: () => notes,
    clean: () => clean && isZero(pending),
  }
}

/** What encoders call themselves in the comment of a JPEG 2000 codestream. */
const ENCODER =
  /^(Created by OpenJPEG version [\d.]{1,10}|Kakadu-(v|vxt)?[\d.]{1,11}|Creator: JasPer Version [\d.]{1,12})\0?$/

/** What a segment of a JPEG 2000 header says beside the coding. */
function commentIn(bytes: Buffer, at: number, end: number): Range[] {
  const text = bytes.subarray(at + 6, end)
  if (bytes.readUInt16BE(at) !== 0xff64 || ENCODER.test(text.toString('latin1'))) return []
  return [{ offset: at + 6, length: text.length }]
}

/**
 * Headers of a JPEG 2000 codestream and of its tile-parts (ITU-T T.800, annex A), and what follows its end; tile-parts are
 * passed over by their stated length. What cannot be followed is no picture.
 */
function jpeg2000Notes(bytes: Buffer): Range[] {
  const notes: Range[] = []
  const rest = (at: number) => [...notes, { offset: at, length: Math.max(0, bytes.length - at) }]
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xff4f) return notes
  let next = 0
  for (let at = 2; at + 4 <= bytes.length; ) {
    const marker = bytes.readUInt16BE(at)
    const size = bytes.readUInt16BE(at + 2)
    if (marker === 0xff93 && next > at) {
      at = next
      const follows = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0xffd9
      if (follows === 0xffd9) return rest(at + 2)
      if (follows !== 0xff90) return rest(at)
      continue
    }
    if (marker === 0xffd9) return rest(at + 2)
    if (size < 2 || at + 2 + size > bytes.length) return rest(at)
    if (marker === 0xff90 && size === 10) {
      const stated = bytes.readUInt32BE(at + 6)
      const end = bytes.lastIndexOf(Buffer.from([0xff, 0xd9]))
      next = stated > 0 ? at + stated : end < 0 ? bytes.length : end
    }
    notes.push(...commentIn(bytes, at, at + 2 + size))
    at += 2 + size
  }
  return notes
}

/** Where a DEFLATE stream ends; at its begin when it is none. */
function deflateLength(bytes: Buffer): number {
  try {
    const { engine } = inflateSync(bytes, { info: true }) as unknown as { engine: { bytesWritten: number } }
    return engine.bytesWritten
  } catch {
    return 0
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

/** What of a whole tile or strip is no picture. */
export function notesOf(coding: Coding, bytes: Buffer): Range[] {
  if (coding === 'jpeg') {
    const stream = jpegNotes()
    stream.push(bytes)
    return stream.notes()
  }
  if (coding === 'jpeg2000') return jpeg2000Notes(bytes)
  if (coding !== 'deflate' && coding !== 'lzw') return []
  const end = coding === 'lzw' ? lzwLength(bytes) : deflateLength(bytes)
  return [{ offset: end, length: bytes.length - end }]
}

/** Whether a whole tile or strip is nothing but picture, blanks aside. */
export const isPlain = (coding: Coding, bytes: Buffer): boolean =>
  notesOf(coding, bytes).every(({ offset, length }) => isZero(bytes.subarray(offset, offset + length)))
