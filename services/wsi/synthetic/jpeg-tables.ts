import { Marker, segments } from '../jpeg.ts'

const START = Buffer.from([0xff, Marker.SOI])
const END = Buffer.from([0xff, Marker.EOI])

const isTable = (marker: number) => marker === Marker.DQT || marker === Marker.DHT
const isNote = (marker: number) => marker >= 0xe0 && marker <= 0xef

/**
 * Splits a JPEG into TIFF's JPEGTables and an abbreviated stream (TIFF Technical Note 2). Streams made with one quality
 * and the standard Huffman tables share their tables. Application markers are dropped.
 */
export function splitTables(jpeg: Buffer): { tables: Buffer; abbreviated: Buffer } {
  const tables: Buffer[] = [START]
  const rest: Buffer[] = [START]
  let end = 2
  for (const segment of segments(jpeg)) {
    const bytes = jpeg.subarray(segment.start, segment.end)
    if (isTable(segment.marker)) tables.push(bytes)
    else if (!isNote(segment.marker)) rest.push(bytes)
    end = segment.end
  }
  return { tables: Buffer.concat([...tables, END]), abbreviated: Buffer.concat([...rest, jpeg.subarray(end)]) }
}

/**
 * Numbers the components 0, 1, 2, as Aperio does in streams that hold R, G and B and say so nowhere. `abbreviated` is
 * changed in place.
 */
export function numberFromZero(abbreviated: Buffer): Buffer {
  for (const { marker, start } of segments(abbreviated)) {
    // Frame header: components from byte 10 on, three bytes each. Scan header: from byte 5 on, two bytes each.
    const [first, stride] = marker === Marker.SOS ? [5, 2] : [10, 3]
    if (marker !== Marker.SOS && (marker < 0xc0 || marker > 0xc2)) continue
    for (let c = 0; c < 3; c++) abbreviated[start + first + c * stride] = c
  }
  return abbreviated
}

/** Puts free text (COM) behind the beginning of a stream. */
export function withComment(jpeg: Buffer, comment: string): Buffer {
  const payload = Buffer.from(comment)
  const head = Buffer.from([0xff, 0xfe, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([START, head, payload, jpeg.subarray(2)])
}
