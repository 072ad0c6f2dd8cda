/**
 * Restart segments of a JPEG stream (ITU-T T.81, E.1.4) with some of their units made white: as long as before, coded by the
 * stream's own tables, so that nothing else of the file has to change.
 */
import { componentsOf, tablesIn, WHITE } from './blank-jpeg.ts'
import { SlideFileError } from './errors.ts'
import { isRgbCoded, Marker, segments } from './jpeg.ts'

/** A Huffman table both ways: of each symbol its code and length, of each 16 bits ahead the symbol and its length. */
interface Table {
  codes: Map<number, { code: number; length: number }>
  /** symbol << 8 | length; 0 where no code fits. */
  ahead: Uint32Array
}

/** One block of a unit, in the order in which they are coded. */
interface Block {
  component: number
  dc: Table
  ac: Table
  /** First coefficient of a white block. */
  white: number
}

/** How the units of a stream are coded. */
export interface ScanCoding {
  blocks: Block[]
  components: number
  /** Pixels to a unit's width. */
  unitWidth: number
}

const damaged = () => new SlideFileError('damaged', 'A JPEG image in the file is damaged.')
const LONGEST_CODE = 16
const END_OF_BLOCK = 0
const SIXTEEN_ZEROS = 0xf0

/** Codes are given out in the order of their lengths (T.81, annex C). @param bytes class and number, 16 counts, symbols */
function tableOf(bytes: Buffer): Table {
  const table: Table = { codes: new Map(), ahead: new Uint32Array(1 << LONGEST_CODE) }
  let code = 0
  let at = 17
  for (let length = 1; length <= LONGEST_CODE; length++) {
    for (let i = 0; i < bytes[length]!; i++) {
      const symbol = bytes[at++]
      const from = code << (LONGEST_CODE - length)
      if (symbol === undefined || from >= 1 << LONGEST_CODE) throw damaged()
      table.codes.set(symbol, { code, length })
      table.ahead.fill((symbol << 8) | length, from, (code + 1) << (LONGEST_CODE - length))
      code += 1
    }
    code *= 2
  }
  return table
}

/**
 * @param header a stream's beginning, up to and with SOS
 * @returns null when it is not coded in one interleaved scan of one or three colours
 * @throws SlideFileError `damaged`
 */
export function scanCoding(header: Buffer): ScanCoding | null {
  const components = componentsOf(header)
  const scan = segments(header).find(({ marker }) => marker === Marker.SOS)
  if (!scan) throw damaged()
  const count = header[scan.start + 4]!
  if ((count !== 1 && count !== 3) || count !== components.length) return null
  const tables = new Map(tablesIn(header, Marker.DHT).map(({ id, bytes }) => [id, tableOf(bytes)]))
  const rgb = isRgbCoded(header)
  const blocks = components.flatMap(({ h, v, step }, component): Block[] => {
    const numbers = header[scan.start + 6 + component * 2]!
    const [dc, ac] = [tables.get(numbers >> 4), tables.get(0x10 | (numbers & 15))]
    if (!dc || !ac) throw damaged()
    const white = rgb || component === 0 ? Math.ceil(WHITE / step) : 0
    return new Array<Block>(count === 1 ? 1 : h * v).fill({ component, dc, ac, white })
  })
  return { blocks, components: count, unitWidth: count === 1 ? 8 : 8 * Math.max(...components.map(({ h }) => h)) }
}

/** Where the coded bits of a segment end: at a marker, which fill bytes may precede. */
function codedLength(segment: Buffer): number {
  for (let at = segment.indexOf(0xff); at >= 0; at = segment.indexOf(0xff, at + 2)) if (segment[at + 1] !== 0) return at
  return segment.length
}

/** Zeros that follow 0xFF to tell it from a marker are taken away; some bytes follow, to look ahead into. */
function unstuffed(coded: Buffer): { bytes: Buffer; bits: number } {
  const bytes = Buffer.alloc(coded.length + 4)
  let length = 0
  for (let at = 0; at < coded.length; at++) {
    bytes[length++] = coded[at]!
    if (coded[at] === 0xff) at += 1
  }
  return { bytes, bits: length * 8 }
}

/** At most 16 bits at a position. */
const bitsAt = (bytes: Buffer, at: number, count: number): number => {
  const byte = at >> 3
  const window = ((bytes[byte]! << 16) | (bytes[byte + 1]! << 8) | bytes[byte + 2]!) >>> 0
  return (window >>> (24 - (at & 7) - count)) & ((1 << count) - 1)
}

/** A block as coded: how its first coefficient differs from the last block's, and where the others' bits are. */
interface Coded {
  difference: number
  from: number
  to: number
}

/** Reads the block at a bit. @throws SlideFileError `damaged` */
function readBlock(bytes: Buffer, bits: number, start: number, { dc, ac }: Block): Coded {
  let at = start
  const symbol = (table: Table): number => {
    const found = table.ahead[bitsAt(bytes, at, LONGEST_CODE)]!
    at += found & 0xff
    if (found === 0 || at > bits) throw damaged()
    return found >>> 8
  }
  const size = symbol(dc)
  if (size > LONGEST_CODE || at + size > bits) throw damaged()
  const value = bitsAt(bytes, at, size)
  // The first bit tells the sign (T.81, F.2.2.1).
  const difference = size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value
  at += size
  const from = at
  for (let k = 1; k < 64; k++) {
    const next = symbol(ac)
    if (next === END_OF_BLOCK) break
    k += next === SIXTEEN_ZEROS ? 15 : next >> 4
    at += next & 15
  }
  if (at > bits) throw damaged()
  return { difference, from, to: at }
}

/** Collects bits; whole bytes are stuffed as T.81, B.1.1.5 asks for. */
function bitWriter() {
  const bytes: number[] = []
  let pending = 0
  let count = 0
  const put = (value: number, length: number): void => {
    for (let left = length; left > 0; ) {
      const part = Math.min(8 - count, left)
      left -= part
      pending = (pending << part) | ((value >>> left) & ((1 << part) - 1))
      count += part
      if (count < 8) continue
      bytes.push(pending)
      if (pending === 0xff) bytes.push(0)
      pending = 0
      count = 0
    }
  }
  return {
    put,
    copy(source: Buffer, from: number, to: number): void {
      for (let at = from; at < to; at += 16) {
        const length = Math.min(16, to - at)
        put(bitsAt(source, at, length), length)
      }
    },
    /** The last byte is filled with ones. */
    end(): Buffer {
      if (count > 0) put(0xff, 8 - count)
      return Buffer.from(bytes)
    },
  }
}

/** @returns false when the table has no code for such a difference */
function putDifference(out: ReturnType<typeof bitWriter>, { codes }: Table, difference: number): boolean {
  const size = 32 - Math.clz32(Math.abs(difference))
  const found = codes.get(size)
  if (!found) return false
  out.put(found.code, found.length)
  out.put(difference < 0 ? difference + (1 << size) - 1 : difference, size)
  return true
}

/** The segment's bits with some units white; null where the tables have no code that it takes. */
function coded(
  { blocks, components }: ScanCoding,
  { bytes, bits }: { bytes: Buffer; bits: number },
  isBlank: readonly boolean[],
): Buffer | null {
  const [read, written] = [new Array<number>(components).fill(0), new Array<number>(components).fill(0)]
  const out = bitWriter()
  let at = 0
  for (const blank of isBlank) {
    for (const block of blocks) {
      const { component: c, dc, ac, white } = block
      const { difference, from, to } = readBlock(bytes, bits, at, block)
      at = to
      read[c] = read[c]! + difference
      const value = blank ? white : read[c]!
      if (!putDifference(out, dc, value - written[c]!)) return null
      written[c] = value
      const end = ac.codes.get(END_OF_BLOCK)
      if (!blank) out.copy(bytes, from, to)
      else if (end) out.put(end.code, end.length)
      else return null
    }
  }
  return out.end()
}

/**
 * A restart segment whose units from `first` to before `end` are white; all other units keep their coefficients. What it
 * saves is filled up before the marker, with the bytes that T.81, B.1.1.2 allows there. Where white takes more bits than
 * there were, neighbouring units become white as well.
 * @param segment with the marker that ends it
 * @param blanks which of the segment's units are to be white
 * @returns as many bytes as before; null when the stream's tables leave no way to say it
 * @throws SlideFileError `damaged`
 */
export function blankSegment(scan: ScanCoding, segment: Buffer, blanks: readonly boolean[]): Buffer | null {
  const length = codedLength(segment)
  const before = unstuffed(segment.subarray(0, length))
  for (let isBlank = blanks; ; ) {
    const after = coded(scan, before, isBlank)
    if (!after) return null
    if (after.length <= length) {
      return Buffer.concat([after, Buffer.alloc(length - after.length, 0xff), segment.subarray(length)])
    }
    const grown = isBlank.map((blank, i) => blank || isBlank[i - 1] === true || isBlank[i + 1] === true)
    if (grown.every((blank, i) => blank === isBlank[i])) return null
    isBlank = grown
  }
}
