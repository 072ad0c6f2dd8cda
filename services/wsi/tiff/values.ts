import { SlideFileError } from '../errors.ts'

/** Bytes per value by field type; 0 for types this reader does not know. */
const SIZES: Record<number, number> = {
  1: 1, // BYTE
  2: 1, // ASCII
  3: 2, // SHORT
  4: 4, // LONG
  5: 8, // RATIONAL
  6: 1, // SBYTE
  7: 1, // UNDEFINED
  8: 2, // SSHORT
  9: 4, // SLONG
  10: 8, // SRATIONAL
  11: 4, // FLOAT
  12: 8, // DOUBLE
  13: 4, // IFD
  16: 8, // LONG8
  17: 8, // SLONG8
  18: 8, // IFD8
}

export const typeSize = (type: number): number => SIZES[type] ?? 0

type ReadAt = (at: number) => number

function reader(bytes: Buffer, type: number, littleEndian: boolean): ReadAt | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const le = littleEndian
  const readers: Record<number, ReadAt> = {
    1: at => view.getUint8(at),
    2: at => view.getUint8(at),
    3: at => view.getUint16(at, le),
    4: at => view.getUint32(at, le),
    5: at => view.getUint32(at, le) / view.getUint32(at + 4, le),
    6: at => view.getInt8(at),
    7: at => view.getUint8(at),
    8: at => view.getInt16(at, le),
    9: at => view.getInt32(at, le),
    10: at => view.getInt32(at, le) / view.getInt32(at + 4, le),
    11: at => view.getFloat32(at, le),
    12: at => view.getFloat64(at, le),
    13: at => view.getUint32(at, le),
    16: at => Number(view.getBigUint64(at, le)),
    17: at => Number(view.getBigInt64(at, le)),
    18: at => Number(view.getBigUint64(at, le)),
  }
  return readers[type]
}

/**
 * The numbers of a field's bytes; a rational with a zero denominator is NaN or Infinity.
 * @throws SlideFileError `damaged` for a field type that is not known
 */
export function decodeNumbers(bytes: Buffer, type: number, littleEndian: boolean): Float64Array {
  const size = typeSize(type)
  const read = reader(bytes, type, littleEndian)
  if (!read) throw new SlideFileError('damaged', 'The TIFF structure uses an unknown field type.')
  return Float64Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => read(i * size))
}

/** Text up to the first NUL: UTF-8 where it is valid, else Latin-1 (TIFF says ASCII; writers differ). */
export function decodeText(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  const text = end < 0 ? bytes : bytes.subarray(0, end)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text)
  } catch {
    return text.toString('latin1')
  }
}
