const CLEAR = 256
const END = 257
const FIRST = 258
/** A new table starts before the 4,096th code, as TIFF 6.0 section 13 prescribes. */
const LAST = 4093

/** Compresses with TIFF's LZW: most significant bit first, code width grows one code early. */
export function encodeLzw(input: Uint8Array): Buffer {
  const output: number[] = []
  let table = new Map<number, number>()
  let width = 9
  let held = 0
  let bits = 0
  const put = (code: number) => {
    bits = ((bits << width) | code) & 0xffffff
    held += width
    for (; held >= 8; held -= 8) output.push((bits >> (held - 8)) & 255)
  }
  put(CLEAR)
  let prefix = -1
  for (const byte of input) {
    const known = prefix < 0 ? byte : table.get(prefix * 256 + byte)
    if (known !== undefined) {
      prefix = known
      continue
    }
    put(prefix)
    const next = FIRST + table.size
    table.set(prefix * 256 + byte, next)
    if (next === LAST) {
      put(CLEAR)
      table = new Map()
      width = 9
    } else if (next + 2 > 1 << width) width++
    prefix = byte
  }
  if (prefix >= 0) put(prefix)
  if (FIRST + table.size + 1 >= 1 << width && width < 12) width++
  put(END)
  if (held > 0) output.push((bits << (8 - held)) & 255)
  return Buffer.from(output)
}

/** Horizontal differencing (TIFF 6.0, section 14) of interleaved RGB rows. */
export function predict(rgb: Uint8Array, width: number): Buffer {
  const out = Buffer.from(rgb)
  for (let row = 0; row < out.length; row += width * 3) {
    for (let i = row + width * 3 - 1; i >= row + 3; i--) out[i] = (out[i] as number) - (out[i - 3] as number)
  }
  return out
}
