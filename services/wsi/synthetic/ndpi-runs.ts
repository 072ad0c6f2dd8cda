import { Marker, segments } from '../jpeg.ts'
import { encodeRgb } from '../turbojpeg.ts'
import type { CoderOptions } from './coder.ts'
import { withComment } from './jpeg-tables.ts'

/** Codes tiles as rows of MCUs that may stand between two restart markers of a longer JPEG. */
export interface RunCoder {
  /** Pixels of a minimum coded unit: what the sampling says. */
  mcu: { width: number; height: number }
  /** One tile: its rows of MCUs, framed for {@link runsOf}. */
  encode(rgb: Uint8Array, width: number, height: number): Buffer
  /** Everything of a picture that comes before its first run; `comment` is free text (COM), none when empty. */
  header(width: number, height: number, runWidth: number, comment: string): Buffer
}

const MCU = {
  '4:4:4': { width: 8, height: 8 },
  '4:2:2': { width: 16, height: 8 },
  '4:2:0': { width: 16, height: 16 },
} as const
/** Larger sizes are stored as 0, as Hamamatsu does: readers take them from the TIFF fields. */
const MAX_JPEG_SIDE = 65_500

/**
 * A run is the scan of a small JPEG of its own: prediction begins anew and the last byte is filled up, as T.81 wants it
 * between restart markers; all share libjpeg's standard Huffman tables.
 */
export function createRunCoder({ quality, subsampling = '4:2:2' }: CoderOptions): RunCoder {
  const mcu = MCU[subsampling]
  const complete = (rgb: Uint8Array, width: number, height: number) =>
    encodeRgb(rgb, width, height, { quality, subsampling })
  return {
    mcu,
    encode(rgb, width, height) {
      const framed: Buffer[] = []
      for (let y = 0; y < height; y += mcu.height) {
        const run = scanOf(complete(rgb.subarray(y * width * 3, (y + mcu.height) * width * 3), width, mcu.height))
        const length = Buffer.alloc(4)
        length.writeUInt32LE(run.length)
        framed.push(length, run)
      }
      return Buffer.concat(framed)
    },
    header: (width, height, runWidth, comment) => {
      const jpeg = complete(new Uint8Array(runWidth * mcu.height * 3), runWidth, mcu.height)
      const parts: Buffer[] = [comment ? withComment(jpeg.subarray(0, 2), comment) : jpeg.subarray(0, 2)]
      for (const { marker, start, end } of segments(jpeg)) {
        const bytes = Buffer.from(jpeg.subarray(start, end))
        if (marker === Marker.SOF0) {
          bytes.writeUInt16BE(height > MAX_JPEG_SIDE ? 0 : height, 5)
          bytes.writeUInt16BE(width > MAX_JPEG_SIDE ? 0 : width, 7)
        }
        if (marker === Marker.SOS) parts.push(restartInterval(runWidth / mcu.width))
        parts.push(bytes)
      }
      return Buffer.concat(parts)
    },
  }
}

function restartInterval(mcus: number): Buffer {
  const segment = Buffer.from([0xff, Marker.DRI, 0, 4, 0, 0])
  segment.writeUInt16BE(mcus, 4)
  return segment
}

function scanOf(jpeg: Buffer): Buffer {
  const end = segments(jpeg).at(-1)?.end ?? 0
  return jpeg.subarray(end, jpeg.length - 2)
}

/** The runs of a tile from top to bottom. */
export function runsOf(framed: Uint8Array): Buffer[] {
  const bytes = Buffer.from(framed.buffer, framed.byteOffset, framed.byteLength)
  const runs: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    runs.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return runs
}

/** Joins runs to one scan, row by row, and notes where each begins. */
export function createScan(headerLength: number): { add(runs: readonly Buffer[]): Buffer; starts: number[] } {
  const starts: number[] = []
  let at = headerLength
  return {
    starts,
    add(runs) {
      const pieces: Buffer[] = []
      for (const run of runs) {
        if (starts.length > 0) {
          pieces.push(Buffer.from([0xff, 0xd0 + ((starts.length - 1) % 8)]))
          at += 2
        }
        starts.push(at)
        pieces.push(run)
        at += run.length
      }
      return Buffer.concat(pieces)
    },
  }
}
