import { SlideFileError } from '../errors.ts'

const CLEAR = 256
const END = 257
const FIRST = 258
const TABLE = 4096

/** Each code is an earlier string plus one byte: it lies in the output already, so its place and length suffice. */
const start = new Int32Array(TABLE)
const size = new Int32Array(TABLE)

const damaged = () => new SlideFileError('damaged', 'A tile of the file is damaged.')

/**
 * TIFF's LZW (TIFF 6.0, section 13): most significant bit first, code width grows one code early, at most `length`
 * bytes are produced. Written for speed: a large scan has hundreds of millions of codes.
 * @throws SlideFileError `damaged`
 */
export function decodeLzw(input: Buffer, length: number): Buffer {
  const output = Buffer.allocUnsafe(length)
  const inputLength = input.length
  let next = FIRST
  let width = 9
  let mask = 511
  let previous = -1
  let written = 0
  let bits = 0
  let held = 0
  for (let at = 0; written < length; ) {
    while (held < width) {
      if (at === inputLength) throw damaged()
      bits = ((bits & 0xffff) << 8) | (input[at++] as number)
      held += 8
    }
    held -= width
    const code = (bits >> held) & mask
    if (code === CLEAR) {
      next = FIRST
      width = 9
      mask = 511
      previous = -1
      continue
    }
    const from = written
    if (code < CLEAR) {
      output[written++] = code
    } else {
      if (code === END || code > next || (code === next && previous < 0)) throw damaged()
      // The code about to be defined is the previous string and its own first byte: copying from it overlaps itself.
      const known = code < next
      let source = known ? (start[code] as number) : previous
      const end = Math.min(length, from + (known ? (size[code] as number) : from - previous + 1))
      while (written < end) output[written++] = output[source++] as number
    }
    if (previous >= 0 && next < TABLE) {
      start[next] = previous
      size[next] = from - previous + 1
      next++
      if (next + 1 >= 1 << width && width < 12) {
        width++
        mask = (1 << width) - 1
      }
    }
    previous = from
  }
  return output
}
