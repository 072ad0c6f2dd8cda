import { isFrame, Marker, segments } from '../jpeg.ts'
import { encodeYuv } from '../turbojpeg.ts'
import { allocateYuv } from '../yuv.ts'
import type { Coding } from './quality-policy.ts'

const isTable = (marker: number) => marker === Marker.DQT || marker === Marker.DHT

/**
 * The tables that all tiles of one coding share, as TIFF's JPEGTables: libjpeg's Huffman tables are the standard ones
 * and its quantisation follows from the quality alone (TIFF Technical Note 2).
 */
export function sharedTables(coding: Coding): Buffer {
  const jpeg = encodeYuv(allocateYuv(16, 16, coding.subsampling), 16, 16, coding)
  const tables = segments(jpeg).filter(({ marker }) => isTable(marker))
  return Buffer.concat([
    Buffer.from([0xff, Marker.SOI]),
    ...tables.map(({ start, end }) => jpeg.subarray(start, end)),
    Buffer.from([0xff, Marker.EOI]),
  ])
}

/** A tile without its tables and application markers: SOI, frame, scan. */
export function abbreviate(jpeg: Buffer): Buffer {
  const found = segments(jpeg)
  const frame = found.find(({ marker }) => isFrame(marker))
  const scan = found.find(({ marker }) => marker === Marker.SOS)
  if (!frame || !scan) throw new Error('the encoder wrote no frame')
  return Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(frame.start, frame.end), jpeg.subarray(scan.start)])
}
