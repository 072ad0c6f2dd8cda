import { SlideFileError } from '../errors.ts'

const CLEAR = 256
const END = 257
const FIRST = 258
const TABLE = 4096

/**
 * TIFF's LZW (TIFF 6.0, section 13): most significant bit first, code width grows one code early, at most `length`
 * bytes are produced.
 * @throws SlideFileError `damaged`
 */
export function decodeLzw(input: Buffer, length: number): Buffer {
  const output = Buffer.alloc(length)
  // Each code is an earlier string plus one byte: it lies in the output already, so its place and length suffice.
  const start = new Uint32Array(TABLE)
  const size = new Uint32Array(TABLE)
  let next = FIRST
  let width = 9
  let previous = -1
  let written = 0
  let bits = 0
  let held = 0
  for (let at = 0; written < length; ) {
    while (held < width && at < input.length) {
      bits = ((bits << 8) | (input[at++] as number)) & 0xffffff
      held += 8
    }
    if (held < width) break
    held -= width
    const code = (bits >> held) & ((1 << width) - 1)
    if (code === END) break
    if (code === CLEAR) {
      next = FIRST
      width = 9
      previous = -1
      continue
    }
    const known = code < CLEAR || (code >= FIRST && code < next)
    if (!known && (code !== next || previous < 0)) throw new SlideFileError('damaged', 'A tile of the file is damaged.')
    const from = written
    if (code < CLEAR) {
      output[written++] = code
    } else {
      // The code about to be defined is the previous string and its own first byte: copying from it overlaps itself.
      const source = known ? (start[code] as number) : previous
      const count = known ? (size[code] as number) : from - previous + 1
      for (let i = 0; i < count && written < length; i++) output[written++] = output[source + i] as number
    }
    if (previous >= 0 && next < TABLE) {
      start[next] = previous
      size[next] = from - previous + 1
      next++
    }
    if (next + 1 >= 1 << width && width < 12) width++
    previous = from
  }
  if (written < length) throw new SlideFileError('damaged', 'A tile of the file is damaged.')
  return output
}
