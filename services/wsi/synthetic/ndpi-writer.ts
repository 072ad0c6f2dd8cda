import { open } from 'node:fs/promises'
import { encodeField, type Field, type FieldValue } from '../tiff/fields.ts'
import { FieldType } from '../tiff/tags.ts'
import type { Fields } from './pages.ts'

const POINTER = 8
const ENTRY = 12

/** One 32-bit float. */
export function float(value: number): FieldValue {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return { type: FieldType.FLOAT, count: 1, bytes }
}

/** One signed 32-bit number. */
export function slong(value: number): FieldValue {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return { type: FieldType.SLONG, count: 1, bytes }
}

/** Writes Hamamatsu's dialect of TIFF: 12-byte entries, 64-bit links, and the upper words of all entries behind them. */
export interface NdpiWriter {
  /** Where the next bytes go. */
  readonly position: number
  append(bytes: Uint8Array): Promise<number>
  /** Writes an IFD and links it to the one before. A single position is a LONG with an upper word. */
  addIfd(tags: Fields): Promise<void>
  finish(): Promise<void>
  close(): Promise<void>
}

/**
 * @param hole bytes at the file's beginning that are left out: moves everything behind 4 GiB without taking the space
 */
export async function createNdpiWriter(path: string, hole = 0): Promise<NdpiWriter> {
  const file = await open(path, 'w')
  const header = Buffer.alloc(4 + POINTER)
  header.write('II', 'latin1')
  header.writeUInt16LE(42, 2)
  await file.write(header, 0, header.length, 0)
  let position = header.length + hole
  let link = 4
  let closed = false
  const append = async (bytes: Uint8Array): Promise<number> => {
    const at = position
    position += bytes.length
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
    }
    return at
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
    append,
    async addIfd(tags) {
      const entries: LaidEntry[] = []
      for (const [tag, field] of Object.entries(tags)) entries.push(await layEntry(Number(tag), field, append))
      if (position % 2) await append(Buffer.alloc(1))
      const at = await append(directory(entries))
      const pointer = Buffer.alloc(POINTER)
      pointer.writeBigUInt64LE(BigInt(at))
      await file.write(pointer, 0, POINTER, link)
      link = at + 2 + entries.length * ENTRY
    },
    async finish() {
      await file.sync()
      await close()
    },
    close,
  }
}

interface LaidEntry {
  tag: number
  type: number
  count: number
  /** The value, or where it is. */
  word: Buffer
}

async function layEntry(tag: number, field: Field, append: NdpiWriter['append']): Promise<LaidEntry> {
  const word = Buffer.alloc(8)
  if ('positions' in field && field.positions.length === 1) {
    word.writeBigUInt64LE(BigInt(field.positions[0] ?? 0))
    return { tag, type: FieldType.LONG, count: 1, word }
  }
  const value = encodeField(field, 4)
  if ('offset' in value) word.writeBigUInt64LE(BigInt(value.offset))
  // Text is never kept inside an entry, however short.
  else if (value.bytes.length > 4 || value.type === FieldType.ASCII)
    word.writeBigUInt64LE(BigInt(await append(value.bytes)))
  else value.bytes.copy(word)
  return { tag, type: value.type, count: value.count, word }
}

function directory(entries: readonly LaidEntry[]): Buffer {
  const block = Buffer.alloc(2 + entries.length * (ENTRY + 4) + POINTER)
  block.writeUInt16LE(entries.length)
  entries.forEach(({ tag, type, count, word }, i) => {
    const at = 2 + i * ENTRY
    block.writeUInt16LE(tag, at)
    block.writeUInt16LE(type, at + 2)
    block.writeUInt32LE(count, at + 4)
    word.copy(block, at + 8, 0, 4)
    word.copy(block, 2 + entries.length * ENTRY + POINTER + i * 4, 4, 8)
  })
  return block
}
