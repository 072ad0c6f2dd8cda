import { SlideFileError } from './errors.ts'

/** One marker segment before the scan data. `start` points at 0xFF, `end` behind the segment. */
export interface Segment {
  marker: number
  start: number
  end: number
}

export type Sampling = 'grey' | '4:4:4' | '4:2:2' | '4:2:0' | '4:4:0' | 'other'

export interface Frame {
  width: number
  height: number
  components: number
  sampling: Sampling
  /** Component identifiers as in the frame header: 1,2,3 by JFIF; 0,1,2 or 82,71,66 ("RGB") by others. */
  ids: number[]
  /** Baseline or extended Huffman (SOF0, SOF1); else progressive, lossless or arithmetic. */
  sequential: boolean
}

/** Second bytes of markers by their names in ITU-T T.81, table B.1. */
export const Marker = {
  SOF0: 0xc0,
  SOF1: 0xc1,
  DHT: 0xc4,
  JPG: 0xc8,
  DAC: 0xcc,
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  DQT: 0xdb,
  DNL: 0xdc,
  DRI: 0xdd,
  APP0: 0xe0,
  APP14: 0xee,
} as const

const NO_FRAMES: readonly number[] = [Marker.DHT, Marker.JPG, Marker.DAC]

/** Whether a marker begins a frame header, of whatever coding. */
export const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker)

function damaged(): SlideFileError {
  return new SlideFileError('damaged', 'A JPEG image in the file is damaged.')
}

/**
 * Marker segments from SOI up to and including SOS (ITU-T T.81, B.1.1). A tables-only stream ends with EOI.
 * @throws SlideFileError `damaged`
 */
export function segments(jpeg: Buffer): Segment[] {
  if (jpeg.length < 4 || jpeg[0] !== 0xff || jpeg[1] !== Marker.SOI) throw damaged()
  const found: Segment[] = []
  for (let at = 2; at + 2 <= jpeg.length; ) {
    if (jpeg[at] !== 0xff) throw damaged()
    const marker = jpeg[at + 1] as number
    // Any marker may be preceded by fill bytes (B.1.1.2).
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === Marker.EOI) return found
    if (at + 4 > jpeg.length) throw damaged()
    const end = at + 2 + jpeg.readUInt16BE(at + 2)
    if (end > jpeg.length || end < at + 4) throw damaged()
    found.push({ marker, start: at, end })
    if (marker === Marker.SOS) return found
    at = end
  }
  return found
}

/**
 * A complete JPEG from TIFF's JPEGTables (a tables-only stream) and an abbreviated tile (TIFF Technical Note 2).
 * Without tables the tile is returned as it is.
 */
export function spliceTables(tables: Buffer | null | undefined, abbreviated: Buffer): Buffer {
  if (!tables || tables.length <= 4) return abbreviated
  const hasEnd = tables[tables.length - 2] === 0xff && tables[tables.length - 1] === Marker.EOI
  // Some writers pad the field: what follows the end is no table.
  const end = hasEnd ? tables.length - 2 : (segments(tables).at(-1)?.end ?? 2)
  return Buffer.concat([tables.subarray(0, end), abbreviated.subarray(2)])
}

const isJfif = (jpeg: Buffer, s: Segment) =>
  s.marker === Marker.APP0 && jpeg.toString('latin1', s.start + 4, s.start + 8) === 'JFIF'

const isAdobe = (jpeg: Buffer, s: Segment) =>
  s.marker === Marker.APP14 && s.end - s.start >= 16 && jpeg.toString('latin1', s.start + 4, s.start + 9) === 'Adobe'

/**
 * Says how the colours are coded: Adobe's APP14 marker with transform 0 (RGB) or 1 (YCbCr), in place of one that is
 * there. A JFIF marker always means YCbCr to libjpeg and is therefore left out for transform 0.
 */
export function withAdobeMarker(jpeg: Buffer, transform: 0 | 1): Buffer {
  const dropped = segments(jpeg).filter(s => isAdobe(jpeg, s) || (transform === 0 && isJfif(jpeg, s)))
  const kept: Buffer[] = []
  let at = 2
  for (const { start, end } of dropped) {
    kept.push(jpeg.subarray(at, start))
    at = end
  }
  const marker = Buffer.from([
    0xff,
    Marker.SOI,
    0xff,
    Marker.APP14,
    0,
    14,
    0x41,
    0x64,
    0x6f,
    0x62,
    0x65,
    0,
    100,
    0,
    0,
    0,
    0,
    transform,
  ])
  return Buffer.concat([marker, ...kept, jpeg.subarray(at)])
}

/** Adobe's transform byte, or null without such a marker. */
export function adobeTransform(jpeg: Buffer): number | null {
  const segment = segments(jpeg).find(s => isAdobe(jpeg, s))
  return segment ? (jpeg[segment.start + 15] as number) : null
}

/**
 * True when the three components are R, G and B. `photometric` is the TIFF tag 262 of the image the stream comes from:
 * 2 and 6 decide, as they do in libtiff and OpenSlide. Without it: Adobe's marker, then JFIF's, then component ids
 * 82,71,66 or 0,1,2 with equal sampling (Aperio writes the latter without any marker).
 */
export function isRgbCoded(jpeg: Buffer, photometric?: number): boolean {
  const frame = frameSize(jpeg)
  if (frame.components !== 3) return false
  if (photometric === 2 || photometric === 6) return photometric === 2
  const transform = adobeTransform(jpeg)
  if (segments(jpeg).some(s => isJfif(jpeg, s))) return false
  if (transform !== null) return transform === 0
  const ids = frame.ids.join()
  return ids === '82,71,66' || (ids === '0,1,2' && frame.sampling === '4:4:4')
}

/** True when a decoder that follows libjpeg's defaults would take this RGB-coded stream for YCbCr. */
export function needsAdobeMarker(jpeg: Buffer, photometric?: number): boolean {
  if (!isRgbCoded(jpeg, photometric)) return false
  if (segments(jpeg).some(s => isJfif(jpeg, s))) return true
  const transform = adobeTransform(jpeg)
  return transform === null ? frameSize(jpeg).ids.join() !== '82,71,66' : transform !== 0
}

function samplingOf(factors: { h: number; v: number }[]): Sampling {
  if (factors.length === 1) return 'grey'
  const [y, cb, cr] = factors
  if (factors.length !== 3 || !y || !cb || !cr || cb.h !== cr.h || cb.v !== cr.v) return 'other'
  const h = y.h / cb.h
  const v = y.v / cb.v
  if (h === 1) return v === 1 ? '4:4:4' : v === 2 ? '4:4:0' : 'other'
  return h === 2 && v === 1 ? '4:2:2' : h === 2 && v === 2 ? '4:2:0' : 'other'
}

/**
 * The frame header's geometry (T.81, B.2.2).
 * @throws SlideFileError `damaged` when there is none
 */
export function frameSize(jpeg: Buffer): Frame {
  const sof = segments(jpeg).find(s => isFrame(s.marker))
  if (!sof || sof.end - sof.start < 10) throw damaged()
  const at = sof.start
  const components = jpeg[at + 9] as number
  if (components === 0 || sof.end < at + 10 + 3 * components) throw damaged()
  const specs = Array.from({ length: components }, (_, i) => {
    const factors = jpeg[at + 11 + 3 * i] as number
    return { id: jpeg[at + 10 + 3 * i] as number, h: factors >> 4, v: factors & 15 }
  })
  return {
    width: jpeg.readUInt16BE(at + 7),
    height: jpeg.readUInt16BE(at + 5),
    components,
    sampling: samplingOf(specs),
    ids: specs.map(spec => spec.id),
    sequential: sof.marker === Marker.SOF0 || sof.marker === Marker.SOF1,
  }
}
