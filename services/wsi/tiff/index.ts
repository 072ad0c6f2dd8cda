import { assertInside, pagedSource } from '../byte-source.ts'
import { SlideFileError } from '../errors.ts'
import type { ByteSource } from '../slide.ts'
import { type Header, parseHeader, parseIfdBlock } from './structure.ts'
import { FieldType, Tag } from './tags.ts'
import { decodeNumbers, decodeText } from './values.ts'

/** Bounds against files made to exhaust memory or time. */
export interface TiffLimits {
  /** All IFDs of the file, SubIFDs included. */
  maxIfds: number
  maxEntriesPerIfd: number
  /** Bytes of one field's value. */
  maxValueBytes: number
}

const DEFAULT_LIMITS: TiffLimits = { maxIfds: 1000, maxEntriesPerIfd: 4096, maxValueBytes: 64 * 1024 * 1024 }

/** One field of an IFD with the places of its bytes in the file. */
export interface Entry {
  tag: number
  type: number
  count: number
  /** File position of the entry in its IFD. */
  offset: number
  /** File position of the value, inside the entry when `inline`. */
  valueOffset: number
  /** Length of the value; 0 when the field type is unknown. */
  byteLength: number
  inline: boolean
  /** The value's bytes as stored in the entry when `inline`. */
  inlineBytes: Buffer | null
  /** NDPI only: the upper 32 bits kept behind the IFD. */
  highWord: number
}

/** `page` is in the main chain; the others hang on a field of another IFD. */
export type IfdKind = 'page' | 'sub' | 'exif' | 'gps'

/** One image file directory: typed access to its fields, and where its own bytes lie. */
export interface Ifd {
  kind: IfdKind
  /** Position in the main chain, or among the IFDs that hang on the same field. */
  index: number
  /** The IFD's own block in the file: count, entries, next-pointer (and NDPI's upper words). */
  offset: number
  byteLength: number
  /** File position of the pointer to this IFD: in the header, in the predecessor's block or in a field's value. */
  pointerOffset: number
  /** File position and value of this IFD's pointer to the next. */
  nextPointerOffset: number
  next: number
  /** Width of next-pointers, 4 or 8 bytes. */
  pointerWidth: 4 | 8
  /** In file order, duplicates included. */
  entries: Entry[]
  /** IFDs that hang on this one, never followed as levels. */
  children: Ifd[]
  has(tag: number): boolean
  entry(tag: number): Entry | undefined
  /** The value's bytes, read on demand; null when the tag is absent. */
  bytes(tag: number, signal?: AbortSignal): Promise<Buffer | null>
  /** All numbers of a field; null when the tag is absent. */
  numbers(tag: number, signal?: AbortSignal): Promise<Float64Array | null>
  /** The first number of a field. */
  number(tag: number): Promise<number | undefined>
  number(tag: number, fallback: number): Promise<number>
  /** An ASCII field up to its NUL. */
  text(tag: number): Promise<string | undefined>
}

export interface TiffFile {
  source: ByteSource
  bigTiff: boolean
  littleEndian: boolean
  /** Hamamatsu's dialect: classic header, 64-bit offsets. */
  ndpi: boolean
  /** The main chain. */
  ifds: Ifd[]
}

interface Walk {
  source: ByteSource
  header: Header
  limits: TiffLimits
  visited: Set<number>
}

/**
 * Reads the structure of a classic TIFF, BigTIFF or NDPI file in either byte order; values that do not fit into an entry
 * are left in the file until asked for.
 * @throws SlideFileError `not-a-slide` when it is no TIFF, `damaged` for loops and offsets past the end, `too-large`
 *   when a limit is passed
 */
export async function readTiff(source: ByteSource, limits: Partial<TiffLimits> = {}): Promise<TiffFile> {
  const paged = pagedSource(source)
  const header = await parseHeader(paged)
  const walk: Walk = { source: paged, header, limits: { ...DEFAULT_LIMITS, ...limits }, visited: new Set() }
  const ifds = await readChain(walk, 'page', header.first, header.firstPointerOffset)
  if (ifds.length === 0) throw new SlideFileError('damaged', 'The TIFF file holds no image.')
  const { bigTiff, littleEndian, ndpi } = header
  return { source: paged, bigTiff, littleEndian, ndpi, ifds }
}

async function readChain(walk: Walk, kind: IfdKind, first: number, firstPointer: number): Promise<Ifd[]> {
  const ifds: Ifd[] = []
  let pointerOffset = firstPointer
  for (let offset = first; offset !== 0; ) {
    if (walk.visited.has(offset)) {
      throw new SlideFileError('damaged', 'The TIFF structure is damaged: its image directories form a loop.')
    }
    if (walk.visited.size >= walk.limits.maxIfds) {
      throw new SlideFileError('too-large', `The TIFF file has more than ${walk.limits.maxIfds} image directories.`)
    }
    walk.visited.add(offset)
    const block = await parseIfdBlock(walk.source, walk.header, offset, walk.limits.maxEntriesPerIfd)
    const ifd: Ifd = { kind, index: ifds.length, pointerOffset, ...block, children: [], ...access(walk, block.entries) }
    ifd.children = await readChildren(walk, ifd)
    ifds.push(ifd)
    pointerOffset = ifd.nextPointerOffset
    offset = ifd.next
  }
  return ifds
}

const CHILD_TAGS: [number, IfdKind][] = [
  [Tag.SubIFDs, 'sub'],
  [Tag.ExifIfd, 'exif'],
  [Tag.GpsIfd, 'gps'],
]

async function readChildren(walk: Walk, ifd: Ifd): Promise<Ifd[]> {
  const children: Ifd[] = []
  for (const [tag, kind] of CHILD_TAGS) {
    const entry = ifd.entry(tag)
    const offsets = await ifd.numbers(tag)
    if (!entry || !offsets) continue
    const width = entry.byteLength / offsets.length
    for (const [i, offset] of offsets.entries()) {
      children.push(...(await readChain(walk, kind, offset, entry.valueOffset + i * width)))
    }
  }
  return children.map((child, index) => ({ ...child, index }))
}

type Access = Pick<Ifd, 'has' | 'entry' | 'bytes' | 'numbers' | 'number' | 'text'>

function access({ source, header, limits }: Walk, entries: Entry[]): Access {
  const byTag = new Map<number, Entry>()
  // Readers disagree on duplicates; like libtiff, the first counts.
  for (const entry of entries) if (!byTag.has(entry.tag)) byTag.set(entry.tag, entry)

  const bytes: Ifd['bytes'] = async (tag, signal) => {
    const entry = byTag.get(tag)
    if (!entry) return null
    if (entry.inlineBytes) return entry.inlineBytes
    if (entry.byteLength > limits.maxValueBytes) {
      throw new SlideFileError('too-large', 'A field of the TIFF structure is too large.')
    }
    assertInside(source.size, entry.valueOffset, entry.byteLength)
    return source.read(entry.valueOffset, entry.byteLength, signal)
  }
  const numbers: Ifd['numbers'] = async (tag, signal) => {
    const entry = byTag.get(tag)
    const value = await bytes(tag, signal)
    if (!entry || !value) return null
    const decoded = decodeNumbers(value, entry.type, header.littleEndian)
    // NDPI: an inline 32-bit value with a non-zero upper word is a 64-bit value.
    const wide = entry.highWord > 0 && entry.inline && (entry.type === FieldType.LONG || entry.type === FieldType.SLONG)
    return wide ? decoded.map(low => (low >>> 0) + entry.highWord * 2 ** 32) : decoded
  }
  const number = async (tag: number, fallback?: number) => (await numbers(tag))?.[0] ?? fallback
  const text: Ifd['text'] = async tag => {
    const value = await bytes(tag)
    return value ? decodeText(value) : undefined
  }
  return {
    has: tag => byTag.has(tag),
    entry: tag => byTag.get(tag),
    bytes,
    numbers,
    number: number as Ifd['number'],
    text,
  }
}
