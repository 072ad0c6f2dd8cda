import { open } from 'node:fs/promises'
import { DiskFullError, SlideFileError } from '../errors.ts'
import { encodeField, type Field, type FieldValue, type StoredValue } from './fields.ts'

/** One page: its fields by tag number, in any order. */
export interface Page {
  tags: Record<number, Field>
}

/** Writes a TIFF from front to back: pixel data as it comes, the index at the end. */
export interface TiffWriter {
  /** Bytes written so far; where the next data goes. */
  readonly position: number
  /** Writes bytes and gives their file position; calls may overlap. @throws DiskFullError, SlideFileError `too-large` */
  appendBytes(buffer: Uint8Array): Promise<number>
  /** Adds a page to the main chain. Pages are written by `finish`, so that their tiles may still follow. */
  addIfd(page: Page): void
  /** Writes the index and the header, waits until the bytes are on the disk, and closes the file. */
  finish(): Promise<void>
  /** Closes the file as it is; for a caller that gives up. Does nothing after `finish`. */
  close(): Promise<void>
}

/** Widths and limits of the two variants (TIFF 6.0; BigTIFF: 64-bit offsets and counts). */
interface Variant {
  pointer: 4 | 8
  entryCount: 2 | 8
  entry: 12 | 20
  header: 8 | 16
}
const CLASSIC: Variant = { pointer: 4, entryCount: 2, entry: 12, header: 8 }
const BIG: Variant = { pointer: 8, entryCount: 8, entry: 20, header: 16 }

/** How much the small values may hold before long arrays: those a reader wants at once come first. */
const SMALL_VALUE = 4096

/** Creates or overwrites a little-endian TIFF file. */
export async function createTiffWriter(path: string, { bigTiff = true } = {}): Promise<TiffWriter> {
  const variant = bigTiff ? BIG : CLASSIC
  const file = await open(path, 'w')
  const pages: Page[] = []
  let position: number = variant.header
  let closed = false

  const write = async (buffer: Uint8Array, at: number) => {
    if (!bigTiff && at + buffer.length > 2 ** 32 - 1)
      throw new SlideFileError('too-large', 'The TIFF file passes 4 GiB and must be a BigTIFF.')
    for (let done = 0; done < buffer.length; ) {
      const { bytesWritten } = await file.write(buffer, done, buffer.length - done, at + done).catch(rethrowDiskFull)
      done += bytesWritten
    }
  }
  const close = async () => {
    if (closed) return
    closed = true
    await file.close()
  }
  return {
    get position() {
      return position
    },
    appendBytes: async buffer => {
      const at = position
      position += buffer.length
      await write(buffer, at)
      return at
    },
    addIfd: page => {
      pages.push(page)
    },
    finish: async () => {
      if (pages.length === 0) throw new RangeError('a TIFF file has at least one page')
      const first = align(position)
      const index = layIndex(pages, first, variant)
      position = first + index.length
      await write(index, first)
      await write(header(first, variant), 0)
      await file.sync().catch(rethrowDiskFull)
      await close()
    },
    close,
  }
}

/** For promises of writing to a file. @throws DiskFullError where the disk is full, else what there was */
export function rethrowDiskFull(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException
  throw code === 'ENOSPC' || code === 'EDQUOT' ? new DiskFullError({ cause: error }) : error
}

/** IFDs begin on a word boundary; eight bytes suit both variants. */
const align = (at: number): number => at + ((8 - (at % 8)) % 8)

function header(first: number, { pointer, header }: Variant): Buffer {
  const buffer = Buffer.alloc(header)
  buffer.write('II', 'latin1')
  buffer.writeUInt16LE(pointer === 8 ? 43 : 42, 2)
  if (pointer === 8) buffer.writeUInt16LE(8, 4)
  writePointer(buffer, first, pointer, header - pointer)
  return buffer
}

function writePointer(buffer: Buffer, value: number, width: 4 | 8, at: number): void {
  if (width === 8) buffer.writeBigUInt64LE(BigInt(value), at)
  else buffer.writeUInt32LE(value, at)
}

/** Bytes of a BigTIFF's header, where its data begins. */
export const BIG_TIFF_HEADER = BIG.header

/**
 * What surrounds a BigTIFF's data, for one that is written to where nothing can be changed afterwards: the header, and
 * the index with the padding in front of it. The same bytes as a TiffWriter's.
 * @param end file position behind the data
 */
export function frameBigTiff(pages: Page[], end: number): { header: Buffer; index: Buffer } {
  const first = align(end)
  const index = layIndex(pages, first, BIG)
  return { header: header(first, BIG), index: Buffer.concat([Buffer.alloc(first - end), index]) }
}

interface LaidEntry {
  tag: number
  value: FieldValue | StoredValue
  /** File position of a value that does not fit into its entry. */
  offset: number | null
}

/**
 * The index as one block: all IFDs, then the small values, then the long arrays. One read from the first IFD to the end
 * of the file has everything, and a reader that pages does not meet megabytes of tile positions between two IFDs.
 */
function layIndex(pages: Page[], start: number, variant: Variant): Buffer {
  const { pointer, entryCount, entry } = variant
  const ifds = pages.map(({ tags }) => {
    const sorted = Object.entries(tags).map(([tag, field]): LaidEntry => {
      return { tag: Number(tag), value: encodeField(field, pointer), offset: null }
    })
    return sorted.sort((a, b) => a.tag - b.tag)
  })
  const sizes = ifds.map(entries => align(entryCount + entries.length * entry + pointer))
  let free = start + sizes.reduce((sum, size) => sum + size, 0)
  const values = placeValues(ifds.flat(), pointer, free)
  const end = values.reduce((at, { offset, value }) => Math.max(at, offset + value.bytes.length), free)
  const block = Buffer.alloc(end - start)
  free = start
  ifds.forEach((entries, i) => {
    const next = free + (sizes[i] as number)
    writeIfd(block.subarray(free - start), entries, i + 1 < ifds.length ? next : 0, variant)
    free = next
  })
  for (const { offset, value } of values) value.bytes.copy(block, offset - start)
  return block
}

/** Gives each out-of-line value its place from `free` on, small ones first. */
function placeValues(entries: LaidEntry[], pointer: number, free: number): { offset: number; value: FieldValue }[] {
  const placed: { offset: number; value: FieldValue }[] = []
  let at = free
  const place = (fits: (length: number) => boolean) => {
    for (const entry of entries) {
      const { value } = entry
      if ('offset' in value || value.bytes.length <= pointer || !fits(value.bytes.length)) continue
      entry.offset = at
      placed.push({ offset: at, value })
      at = align(at + value.bytes.length)
    }
  }
  place(length => length <= SMALL_VALUE)
  place(length => length > SMALL_VALUE)
  return placed
}

function writeIfd(block: Buffer, entries: LaidEntry[], next: number, { pointer, entryCount, entry }: Variant): void {
  if (entryCount === 8) block.writeBigUInt64LE(BigInt(entries.length), 0)
  else block.writeUInt16LE(entries.length, 0)
  entries.forEach(({ tag, value, offset }, i) => {
    const at = entryCount + i * entry
    block.writeUInt16LE(tag, at)
    block.writeUInt16LE(value.type, at + 2)
    writePointer(block, value.count, pointer, at + 4)
    const field = at + 4 + pointer
    if ('offset' in value) writePointer(block, value.offset, pointer, field)
    else if (offset !== null) writePointer(block, offset, pointer, field)
    else value.bytes.copy(block, field)
  })
  writePointer(block, next, pointer, entryCount + entries.length * entry)
}
