/**
 * A walk over the directories of a TIFF, BigTIFF or NDPI file from its raw bytes (TIFF 6.0; BigTIFF as libtiff writes it;
 * NDPI: 64-bit pointers in a classic header, and behind each directory the high words of its values).
 */
import { type Bytes, type Range, UnreadableError } from './bytes.ts'

const SIZES: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
}
const ASCII = 2
/** SubIFDs, EXIF, GPS, interoperability: tags whose values lead to further directories. */
const LEADING = new Set([330, 34_665, 34_853, 40_965])
const NDPI_MARK = 65_420
const MAX_PAGES = 4096
const MAX_FIELDS = 4096
const MAX_DEPTH = 8

export interface WalkedField {
  tag: number
  type: number
  count: number
  /** Where the value lies, and how long it is. */
  value: Range
  inline: boolean
  /** Bytes of the entry that an inline value leaves free. */
  spare: Range
}

export interface WalkedPage {
  /** `IFD 2`, `IFD 0, tag 330`. */
  place: string
  /** Not in the chain of pages, but hanging on one. */
  child: boolean
  /** Count, entries, pointer to the next one, and NDPI's high words. */
  block: Range
  fields: WalkedField[]
}

export interface WalkedTiff {
  littleEndian: boolean
  big: boolean
  ndpi: boolean
  header: Range
  pages: WalkedPage[]
}

interface Dialect {
  littleEndian: boolean
  big: boolean
  ndpi: boolean
}

const number = (bytes: Buffer, at: number, width: number, littleEndian: boolean): number => {
  if (width === 8) return Number(littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
  return littleEndian ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width)
}

/** @throws UnreadableError for what is no TIFF, for loops and for pointers that lead nowhere */
export async function walkTiff(bytes: Bytes): Promise<WalkedTiff> {
  const head = await bytes.read(0, Math.min(16, bytes.size))
  const order = head.toString('latin1', 0, 2)
  if (head.length < 8 || (order !== 'II' && order !== 'MM')) throw new UnreadableError('no TIFF')
  const littleEndian = order === 'II'
  const magic = number(head, 2, 2, littleEndian)
  if (magic !== 42 && magic !== 43) throw new UnreadableError('no TIFF')
  const big = magic === 43
  if (!big && littleEndian && head.length >= 12) {
    const ndpi = await walkFrom(bytes, { littleEndian, big, ndpi: true }, number(head, 4, 8, true)).catch(() => null)
    if (ndpi?.[0]?.fields.some(({ tag }) => tag === NDPI_MARK)) {
      return { littleEndian, big, ndpi: true, header: { offset: 0, length: 12 }, pages: ndpi }
    }
  }
  const first = number(head, big ? 8 : 4, big ? 8 : 4, littleEndian)
  const pages = await walkFrom(bytes, { littleEndian, big, ndpi: false }, first)
  if (pages.length === 0) throw new UnreadableError('no page')
  return { littleEndian, big, ndpi: false, header: { offset: 0, length: big ? 16 : 8 }, pages }
}

async function walkFrom(bytes: Bytes, dialect: Dialect, first: number): Promise<WalkedPage[]> {
  const pages: WalkedPage[] = []
  const seen = new Set<number>()
  const visit = async (start: number, name: (index: number) => string, depth: number): Promise<void> => {
    let index = 0
    for (let at = start; at !== 0; index++) {
      if (seen.has(at)) throw new UnreadableError('directories form a loop')
      seen.add(at)
      if (pages.length >= MAX_PAGES || depth > MAX_DEPTH) throw new UnreadableError('too many directories')
      const { page, next } = await readDirectory(bytes, dialect, at, name(index), depth > 0)
      pages.push(page)
      for (const field of page.fields.filter(({ tag }) => LEADING.has(tag))) {
        const place = `${page.place}, tag ${field.tag}`
        for (const child of await numbersAt(bytes, dialect, field))
          if (child > 0) await visit(child, () => place, depth + 1)
      }
      at = next
    }
  }
  await visit(first, index => `IFD ${index}`, 0)
  return pages
}

async function readDirectory(bytes: Bytes, dialect: Dialect, at: number, place: string, child: boolean) {
  const { littleEndian, big, ndpi } = dialect
  const [countWidth, entryWidth] = big ? [8, 20] : [2, 12]
  const pointer = big || ndpi ? 8 : 4
  const count = number(await bytes.read(at, countWidth), 0, countWidth, littleEndian)
  if (count > MAX_FIELDS) throw new UnreadableError('too many fields')
  const length = countWidth + count * entryWidth + pointer + (ndpi ? count * 4 : 0)
  const block = await bytes.read(at, length)
  const nextAt = countWidth + count * entryWidth
  const fields: WalkedField[] = []
  for (let i = 0; i < count; i++) {
    const high = ndpi ? number(block, nextAt + 8 + i * 4, 4, true) : 0
    fields.push(readEntry(block, countWidth + i * entryWidth, at, dialect, high))
  }
  const page = { place, child, block: { offset: at, length }, fields }
  return { page, next: number(block, nextAt, pointer, littleEndian) }
}

function readEntry(block: Buffer, at: number, base: number, dialect: Dialect, high: number): WalkedField {
  const { littleEndian, big, ndpi } = dialect
  const width = big ? 8 : 4
  const tag = number(block, at, 2, littleEndian)
  const type = number(block, at + 2, 2, littleEndian)
  const count = number(block, at + 4, width, littleEndian)
  const slot = at + 4 + width
  const length = (SIZES[type] ?? 1) * count
  // NDPI never stores a text in its entry.
  const inline = length <= width && !(ndpi && type === ASCII)
  const offset = inline ? base + slot : number(block, slot, width, littleEndian) + high * 2 ** 32
  const used = inline ? length : width
  return {
    tag,
    type,
    count,
    inline,
    value: { offset, length },
    spare: { offset: base + slot + used, length: width - used },
  }
}

const MAX_NUMBERS = 16 * 1024 * 1024

async function numbersAt(
  bytes: Bytes,
  { littleEndian }: { littleEndian: boolean },
  field: WalkedField,
): Promise<number[]> {
  const width = SIZES[field.type] ?? 0
  if (field.count > MAX_NUMBERS || ![1, 2, 4, 8].includes(width)) throw new UnreadableError('no numbers')
  const raw = await bytes.read(field.value.offset, field.value.length)
  return Array.from({ length: field.count }, (_, i) => number(raw, i * width, width, littleEndian))
}

/** The whole numbers of a field; NDPI: with the high word of a single inline one, which `tiff.ndpi` keeps behind the page. */
export async function numbersOf(bytes: Bytes, tiff: WalkedTiff, page: WalkedPage, tag: number): Promise<number[]> {
  const index = page.fields.findIndex(field => field.tag === tag)
  const field = page.fields[index]
  if (!field) return []
  const values = await numbersAt(bytes, tiff, field)
  if (!tiff.ndpi || !field.inline || field.count !== 1 || SIZES[field.type] !== 4) return values
  const words = page.block.offset + page.block.length - page.fields.length * 4
  const high = number(await bytes.read(words + index * 4, 4), 0, 4, true)
  return [values[0]! + high * 2 ** 32]
}

export const fieldOf = (page: WalkedPage, tag: number): WalkedField | undefined =>
  page.fields.find(field => field.tag === tag)

/** The bytes of a field's value; undefined when the page has no such field. */
export async function bytesOfField(bytes: Bytes, page: WalkedPage, tag: number): Promise<Buffer | undefined> {
  const field = fieldOf(page, tag)
  return field && bytes.read(field.value.offset, field.value.length)
}
