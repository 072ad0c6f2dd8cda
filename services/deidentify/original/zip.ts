/**
 * A slide of several files as one download: a zip (APPNOTE 6.3) whose files are stored as they are, so that its length
 * and the place of every byte are known before the first one is sent. Slides are compressed already.
 */
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'

export interface ZippedFile {
  /** `/` between folders. */
  name: string
  size: number
  crc: number
}

/** A stretch of the archive: bytes, or a file as it is stored. */
type Part = { bytes: Buffer } | { file: number; size: number }

export interface ZipLayout {
  size: number
  parts: Part[]
  /** The list at the end, which differs when any file does. */
  directory: Buffer
}

/** From here on a number takes eight bytes, in an extra field. */
const LIMIT = 0xffffffff
/** 1980-01-01, the first day that a zip can tell: when a slide was made is nobody's business. */
const DAY = 0x21
const UTF8 = 0x0800

const fits = (value: number): number => Math.min(value, LIMIT)

/** The fields that a file's own header and its entry in the directory share. */
function shared({ name, size, crc }: ZippedFile, version: number, extra: Buffer): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(version, 0)
  fields.writeUInt16LE(UTF8, 2)
  fields.writeUInt16LE(DAY, 8)
  fields.writeUInt32LE(crc, 10)
  fields.writeUInt32LE(fits(size), 14)
  fields.writeUInt32LE(fits(size), 18)
  fields.writeUInt16LE(Buffer.byteLength(name), 22)
  fields.writeUInt16LE(extra.length, 24)
  return fields
}

/** The extra field for numbers that four bytes cannot hold. */
function zip64(values: number[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0)
  const extra = Buffer.alloc(4 + 8 * values.length)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(8 * values.length, 2)
  for (const [i, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
  return extra
}

function localHeader(file: ZippedFile): Buffer {
  const extra = zip64(file.size >= LIMIT ? [file.size, file.size] : [])
  return Buffer.concat([
    Buffer.from('PK\x03\x04'),
    shared(file, extra.length ? 45 : 20, extra),
    Buffer.from(file.name),
    extra,
  ])
}

function directoryEntry(file: ZippedFile, offset: number): Buffer {
  const extra = zip64([...(file.size >= LIMIT ? [file.size, file.size] : []), ...(offset >= LIMIT ? [offset] : [])])
  const tail = Buffer.alloc(14)
  tail.writeUInt32LE(fits(offset), 10)
  const version = extra.length ? 45 : 20
  // Made by MS-DOS, for which no rights are told.
  const madeBy = Buffer.from([version, 0])
  const head = [Buffer.from('PK\x01\x02'), madeBy, shared(file, version, extra), tail]
  return Buffer.concat([...head, Buffer.from(file.name), extra])
}

/** The end of the archive; preceded by its long form where a number does not fit. */
function end(files: number, size: number, offset: number): Buffer {
  const short = Buffer.alloc(22)
  short.write('PK\x05\x06', 'latin1')
  short.writeUInt16LE(Math.min(files, 0xffff), 8)
  short.writeUInt16LE(Math.min(files, 0xffff), 10)
  short.writeUInt32LE(fits(size), 12)
  short.writeUInt32LE(fits(offset), 16)
  if (files < 0xffff && offset < LIMIT && size < LIMIT) return short
  const long = Buffer.alloc(56)
  long.write('PK\x06\x06', 'latin1')
  long.writeBigUInt64LE(44n, 4)
  long.writeUInt16LE(45, 12)
  long.writeUInt16LE(45, 14)
  for (const [i, value] of [files, files, size, offset].entries()) long.writeBigUInt64LE(BigInt(value), 24 + 8 * i)
  const locator = Buffer.alloc(20)
  locator.write('PK\x06\x07', 'latin1')
  locator.writeBigUInt64LE(BigInt(offset + size), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([long, locator, short])
}

/** Where everything of the archive lies. */
export function layOutZip(files: readonly ZippedFile[]): ZipLayout {
  const parts: Part[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const [i, file] of files.entries()) {
    const header = localHeader(file)
    entries.push(directoryEntry(file, offset))
    parts.push({ bytes: header }, { file: i, size: file.size })
    offset += header.length + file.size
  }
  const directory = Buffer.concat(entries)
  const tail = Buffer.concat([directory, end(files.length, directory.length, offset)])
  return { size: offset + tail.length, parts: [...parts, { bytes: tail }], directory }
}

/** The CRC-32 of what a stream gives. */
export async function crcOf(stream: AsyncIterable<Buffer>): Promise<number> {
  let crc = 0
  for await (const chunk of stream) crc = crc32(chunk, crc)
  return crc
}

/**
 * A range of the archive.
 * @param open a range of one of its files, by the number that it has in the layout
 */
export function readZip(
  { parts }: Pick<ZipLayout, 'parts'>,
  range: { offset: number; length: number },
  open: (file: number, range: { offset: number; length: number }) => Promise<Readable>,
): Readable {
  return Readable.from(pieces(parts, range, open), { objectMode: false })
}

async function* pieces(
  parts: readonly Part[],
  { offset, length }: { offset: number; length: number },
  open: Parameters<typeof readZip>[2],
): AsyncGenerator<Buffer> {
  let at = 0
  for (const part of parts) {
    const size = 'bytes' in part ? part.bytes.length : part.size
    const from = Math.max(offset - at, 0)
    const to = Math.min(offset + length - at, size)
    at += size
    if (from >= to) continue
    if ('bytes' in part) yield part.bytes.subarray(from, to)
    else yield* await open(part.file, { offset: from, length: to - from })
  }
}
