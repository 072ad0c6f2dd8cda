/** What a JPEG stream holds beside its picture; pure but for reading. */
import { isFrame, Marker } from '@coverslip/wsi/jpeg.ts'
import type { Extent } from '../procedure/extents.ts'

/** Most tiles are read at once; longer streams piece by piece. */
const WINDOW = 256 * 1024

/** A part of a stream that no decoder needs. */
export interface FreeText extends Extent {
  /** What follows the end of the picture: a text, or just what lay in the writer's memory. */
  tail: boolean
}

/** Frames and their Huffman tables, scans and quantization tables: decoders refuse such that are too long. */
const isPicture = (marker: number): boolean =>
  isFrame(marker) || marker === Marker.DHT || marker === Marker.SOS || marker === Marker.DQT

/** A number of lines, and of units between restarts: whatever is longer is none, and decoders pass over it. */
const NUMBER_BYTES = 2

/** Arithmetic coding: pairs of a table, of which there are eight, and a value; letters are no tables. */
const isConditioning = (opening: Buffer): boolean => opening.every((byte, i) => i % 2 === 1 || (byte & 0xec) === 0)

/** JFIF's and Adobe's segments say how colours are coded, in so many bytes; a thumbnail or anything else may follow. */
const CODING: Readonly<Record<number, { opening: string; length: number }>> = {
  [Marker.APP0]: { opening: 'JFIF\0', length: 14 },
  [Marker.APP14]: { opening: 'Adobe', length: 12 },
}

/** The most bytes that a segment of conditioning has. */
const OPENING_BYTES = 16

/**
 * Bytes of a segment's payload that stay; Infinity where all do. Comments, application data and whatever the standard
 * reserves go (ITU-T T.81, table B.1).
 */
function keptOf(marker: number, opening: Buffer): number {
  if (isPicture(marker)) return Number.POSITIVE_INFINITY
  if (marker === Marker.DNL || marker === Marker.DRI) return NUMBER_BYTES
  if (marker === Marker.DAC) return isConditioning(opening) ? OPENING_BYTES : 0
  const coding = CODING[marker]
  return coding && opening.toString('latin1').startsWith(coding.opening) ? coding.length : 0
}

/** Where the first marker behind `from` is, stuffed bytes and restarts aside; -1 when the bytes end before. */
function nextMarker(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at)) {
    const code = bytes[at + 1]!
    // Fill bytes may precede a restart as well.
    if (code === 0xff) at += 1
    else if (code === 0 || (code >= 0xd0 && code <= 0xd7)) at += 2
    else return at
  }
  return -1
}

/**
 * The free text of a stream, relative to it: comments, application segments (also behind the picture's scans), and what
 * follows the end. A damaged stream ends the search: its picture cannot be decoded either, which shows later.
 */
export async function freeTextOf(
  read: (at: number, length: number) => Promise<Buffer>,
  size: number,
): Promise<FreeText[]> {
  const found: FreeText[] = []
  let start = 0
  let window = await read(0, Math.min(WINDOW, size))
  const moveTo = async (at: number): Promise<void> => {
    start = at
    window = await read(at, Math.min(WINDOW, size - at))
  }
  for (let at = 2; at + 2 <= size; ) {
    if (Math.min(at + 32, size) > start + window.length) await moveTo(at)
    const here = at - start
    const marker = window[here + 1]!
    if (window[here] !== 0xff) return found
    if (marker === Marker.EOI) {
      if (at + 2 < size) found.push({ offset: at + 2, length: size - at - 2, tail: true })
      return found
    }
    // Fill bytes.
    if (marker === 0xff) at += 1
    else {
      if (at + 4 > size) return found
      const length = window.readUInt16BE(here + 2) - 2
      if (length < 0 || at + 4 + length > size) return found
      const kept = keptOf(marker, window.subarray(here + 4, here + 4 + Math.min(length, OPENING_BYTES)))
      if (length > kept) found.push({ offset: at + 4 + kept, length: length - kept, tail: false })
      at += 4 + length
      if (marker === Marker.SOS) at = await behindScan(at)
    }
  }
  return found

  async function behindScan(from: number): Promise<number> {
    if (from > start + window.length) await moveTo(from)
    for (let begin = from; ; begin = start) {
      const next = nextMarker(window, begin - start)
      if (next >= 0) return start + next
      const end = start + window.length
      if (end >= size) return size
      // A marker may lie across the border.
      await moveTo(end - 1)
      if (window.length < 2) return size
    }
  }
}
