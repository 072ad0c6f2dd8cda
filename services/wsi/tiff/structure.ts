import { assertInside } from '../byte-source.ts'
import { SlideFileError } from '../errors.ts'
import type { ByteSource } from '../slide.ts'
import type { Entry, Ifd } from './index.ts'
import { FieldType, Tag } from './tags.ts'
import { typeSize } from './values.ts'

/** What the first bytes of a TIFF file say. */
export interface Header {
  bigTiff: boolean
  littleEndian: boolean
  ndpi: boolean
  /** File position of the first IFD and of the pointer to it. */
  first: number
  firstPointerOffset: number
}

/** Widths in bytes: the entry count, one entry, a value kept inside an entry, the next-pointer. */
interface Layout {
  count: number
  entry: number
  inline: number
  pointer: 4 | 8
}

const CLASSIC: Layout = { count: 2, entry: 12, inline: 4, pointer: 4 }
const NDPI: Layout = { count: 2, entry: 12, inline: 4, pointer: 8 }
const BIG: Layout = { count: 8, entry: 20, inline: 8, pointer: 8 }

const layoutOf = (header: Header): Layout => (header.bigTiff ? BIG : header.ndpi ? NDPI : CLASSIC)

function unsigned(bytes: Buffer, at: number, width: number, littleEndian: boolean): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (width === 2) return view.getUint16(at, littleEndian)
  if (width === 4) return view.getUint32(at, littleEndian)
  return Number(view.getBigUint64(at, littleEndian))
}

/**
 * The header: byte order, 42 (classic) or 43 (BigTIFF), first IFD. NDPI looks like classic TIFF and is told apart by tag
 * 65420 in the IFD that its header points to with 64 bits.
 * @throws SlideFileError `not-a-slide`
 */
export async function parseHeader(source: ByteSource): Promise<Header> {
  const bytes = source.size >= 16 ? await source.read(0, 16) : Buffer.alloc(0)
  const order = bytes.toString('latin1', 0, 2)
  const littleEndian = order === 'II'
  const version = bytes.length > 0 && (littleEndian || order === 'MM') ? unsigned(bytes, 2, 2, littleEndian) : 0
  const bigTiff =
    version === 43 && unsigned(bytes, 4, 2, littleEndian) === 8 && unsigned(bytes, 6, 2, littleEndian) === 0
  if (version !== 42 && !bigTiff) throw new SlideFileError('not-a-slide', 'The file is not a slide: it is no TIFF.')
  if (bigTiff) {
    return { bigTiff, littleEndian, ndpi: false, first: unsigned(bytes, 8, 8, littleEndian), firstPointerOffset: 8 }
  }
  const first64 = unsigned(bytes, 4, 8, littleEndian)
  const ndpi = littleEndian && (await hasTag(source, first64, Tag.NdpiFormat))
  const first = ndpi ? first64 : unsigned(bytes, 4, 4, littleEndian)
  return { bigTiff, littleEndian, ndpi, first, firstPointerOffset: 4 }
}

/** Looks for a tag in a little-endian IFD of 12-byte entries, without trusting that there is one at `offset`. */
async function hasTag(source: ByteSource, offset: number, tag: number): Promise<boolean> {
  if (offset < 8 || offset + 2 > source.size) return false
  const count = (await source.read(offset, 2)).readUInt16LE(0)
  if (offset + 2 + count * 12 > source.size) return false
  const entries = await source.read(offset + 2, count * 12)
  for (let i = 0; i < count; i++) if (entries.readUInt16LE(i * 12) === tag) return true
  return false
}

type IfdBlock = Pick<Ifd, 'offset' | 'byteLength' | 'nextPointerOffset' | 'next' | 'pointerWidth' | 'entries'>

/**
 * One IFD's block. NDPI adds, behind the next-pointer, the upper 32 bits of each entry's value or offset.
 * @throws SlideFileError `damaged` when the block or a value lies past the end, `too-large` for too many entries
 */
export async function parseIfdBlock(
  source: ByteSource,
  header: Header,
  offset: number,
  maxEntries: number,
): Promise<IfdBlock> {
  const layout = layoutOf(header)
  const le = header.littleEndian
  assertInside(source.size, offset, layout.count)
  const count = unsigned(await source.read(offset, layout.count), 0, layout.count, le)
  if (count === 0) throw new SlideFileError('damaged', 'The TIFF structure is damaged: an image directory is empty.')
  if (count > maxEntries) {
    throw new SlideFileError('too-large', `An image directory of the TIFF file has more than ${maxEntries} fields.`)
  }
  const byteLength = layout.count + count * layout.entry + layout.pointer + (header.ndpi ? count * 4 : 0)
  const block = await source.read(offset, byteLength)
  const nextAt = layout.count + count * layout.entry
  const entries = Array.from({ length: count }, (_, i) => {
    const highWord = header.ndpi ? unsigned(block, nextAt + layout.pointer + i * 4, 4, le) : 0
    return parseEntry(block, header, offset, layout.count + i * layout.entry, highWord)
  })
  for (const entry of entries) assertInside(source.size, entry.valueOffset, entry.byteLength)
  const next = unsigned(block, nextAt, layout.pointer, le)
  return { offset, byteLength, nextPointerOffset: offset + nextAt, next, pointerWidth: layout.pointer, entries }
}

function parseEntry(block: Buffer, header: Header, blockOffset: number, at: number, highWord: number): Entry {
  const layout = layoutOf(header)
  const le = header.littleEndian
  const type = unsigned(block, at + 2, 2, le)
  const count = unsigned(block, at + 4, layout.inline, le)
  const byteLength = typeSize(type) * count
  const valueAt = at + 4 + layout.inline
  // NDPI never keeps text inside an entry, however short.
  const inline = byteLength <= layout.inline && !(header.ndpi && type === FieldType.ASCII && count > 0)
  return {
    tag: unsigned(block, at, 2, le),
    type,
    count,
    offset: blockOffset + at,
    valueOffset: inline ? blockOffset + valueAt : unsigned(block, valueAt, layout.inline, le) + highWord * 2 ** 32,
    byteLength,
    inline,
    inlineBytes: inline ? Buffer.from(block.subarray(valueAt, valueAt + byteLength)) : null,
    highWord,
  }
}
