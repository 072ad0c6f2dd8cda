/** Values of the fields that a writer stores, by their TIFF types. */
import { FieldType } from './tags.ts'

/** A value that is encoded when its IFD is written. */
export interface FieldValue {
  type: number
  count: number
  /** Little-endian. */
  bytes: Buffer
}

/** A value whose bytes are in the file already (an ICC profile that should not swell the index). */
export interface StoredValue {
  type: number
  count: number
  offset: number
}

/** File positions or lengths: LONG in a classic TIFF, LONG8 in BigTIFF. */
export interface PositionsValue {
  positions: ArrayLike<number>
}

export type Field = FieldValue | StoredValue | PositionsValue

export const bytes = (value: Buffer): FieldValue => ({ type: FieldType.BYTE, count: value.length, bytes: value })
export const opaque = (value: Buffer): FieldValue => ({ type: FieldType.UNDEFINED, count: value.length, bytes: value })
export const positions = (value: ArrayLike<number>): PositionsValue => ({ positions: value })
/** Opaque bytes at a file position. */
export function stored(offset: number, length: number): StoredValue {
  // Up to 8 bytes lie in the entry itself.
  if (length <= 8) throw new RangeError('a stored value is longer than an entry holds')
  return { type: FieldType.UNDEFINED, count: length, offset }
}

/** Text with its closing NUL; characters beyond ASCII as UTF-8. */
export function ascii(text: string): FieldValue {
  const value = Buffer.from(`${text}\0`, 'utf8')
  return { type: FieldType.ASCII, count: value.length, bytes: value }
}

export function short(...values: number[]): FieldValue {
  const buffer = Buffer.alloc(values.length * 2)
  values.forEach((value, i) => {
    buffer.writeUInt16LE(value, i * 2)
  })
  return { type: FieldType.SHORT, count: values.length, bytes: buffer }
}

export const long = (...values: number[]): FieldValue => longs(values)

/** As {@link long}, for arrays too long to be arguments. */
export const longs = (values: ArrayLike<number>): FieldValue => {
  return { type: FieldType.LONG, count: values.length, bytes: encodeLongs(values) }
}

function encodeLongs(values: ArrayLike<number>): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  for (let i = 0; i < values.length; i++) buffer.writeUInt32LE(values[i] as number, i * 4)
  return buffer
}

function encodeLong8s(values: ArrayLike<number>): Buffer {
  const buffer = Buffer.alloc(values.length * 8)
  // In halves: a BigInt for each of a million tiles takes a tenth of a second of the serving thread.
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    buffer.writeUInt32LE(value % 2 ** 32, i * 8)
    buffer.writeUInt32LE(Math.floor(value / 2 ** 32), i * 8 + 4)
  }
  return buffer
}

/**
 * Non-negative fractions, as exact as two 32-bit numbers allow.
 * @throws RangeError for what is negative, not a number or 2^32 and more
 */
export function rational(...values: number[]): FieldValue {
  const buffer = Buffer.alloc(values.length * 8)
  values.forEach((value, i) => {
    const [numerator, denominator] = fraction(value)
    buffer.writeUInt32LE(numerator, i * 8)
    buffer.writeUInt32LE(denominator, i * 8 + 4)
  })
  return { type: FieldType.RATIONAL, count: values.length, bytes: buffer }
}

/**
 * The nearest fraction of 32-bit numbers, by continued fractions: 10,000 / 0.499 pixels per centimetre become
 * 10,000,000 / 499, so that a reader gets 0.499 back and not 0.49900000000798395.
 */
function fraction(value: number): [numerator: number, denominator: number] {
  if (!(value >= 0 && value < 2 ** 32)) throw new RangeError('a TIFF fraction lies between 0 and 2^32')
  let [before, last] = [
    [0, 1],
    [1, 0],
  ] as [[number, number], [number, number]]
  for (let rest = value; ; ) {
    const whole = Math.floor(rest)
    const next: [number, number] = [whole * last[0] + before[0], whole * last[1] + before[1]]
    if (next[0] >= 2 ** 32 || next[1] >= 2 ** 32) return last
    if (next[0] / next[1] === value) return next
    ;[before, last] = [last, next]
    rest = 1 / (rest - whole)
  }
}

/** A field with the type and bytes it gets in a file whose offsets are `width` bytes wide. */
export function encodeField(field: Field, width: 4 | 8): FieldValue | StoredValue {
  if (!('positions' in field)) return field
  const { positions } = field
  const wide = width === 8
  return {
    type: wide ? FieldType.LONG8 : FieldType.LONG,
    count: positions.length,
    bytes: wide ? encodeLong8s(positions) : encodeLongs(positions),
  }
}
