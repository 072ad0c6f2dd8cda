/** Slides that come as a zip: what is in it, checked before and while it is unpacked. */
import { createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from 'yauzl'

export interface ArchiveLimits {
  /** Most bytes that it may unpack to. */
  maxBytes: number
  /** Most bytes that it may unpack to for each of its own. */
  maxRatio: number
  maxFiles: number
}

/** A file of an archive. */
export interface ArchivedFile {
  /** Relative, `/` between folders; below the archive's only folder when it has one. */
  path: string
  bytes: number
  entry: Entry
}

/** Whether the first bytes are those of a zip with files in it. */
export async function isArchive(path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
  return bytesRead === 4 && buffer.readUInt32LE(0) === 0x04034b50
}

/**
 * What an archive holds, without unpacking anything.
 * @throws SlideFileError `damaged` for a broken archive, `unsupported` or `too-large` for one that is not taken
 */
export async function listArchive(path: string, limits: ArchiveLimits): Promise<ArchivedFile[]> {
  return withArchive(path, zip => list(zip, limits))
}

/**
 * Unpacks an archive into a folder; names of files on the disk are numbers, in the order of the result.
 * @throws SlideFileError as listArchive, and `damaged` for a file that is not what the archive says of it
 */
export async function unpackArchive(path: string, folder: string, limits: ArchiveLimits, signal?: AbortSignal) {
  return withArchive(path, async zip => {
    const files = await list(zip, limits)
    const unpacked: { path: string; bytes: number; at: string }[] = []
    for (const [i, file] of files.entries()) {
      const at = join(folder, String(i))
      await mkdir(dirname(at), { recursive: true })
      await unpackFile(zip, file, at, signal)
      unpacked.push({ path: file.path, bytes: file.bytes, at })
    }
    return unpacked
  })
}

async function withArchive<Result>(path: string, work: (zip: ZipFile) => Promise<Result>): Promise<Result> {
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true }
  const zip = await openPromise(path, options).catch(asDamaged)
  try {
    return await work(zip)
  } finally {
    zip.close()
  }
}

async function list(zip: ZipFile, { maxBytes, maxRatio, maxFiles }: ArchiveLimits): Promise<ArchivedFile[]> {
  if (zip.entryCount > maxFiles * 2) throw new SlideFileError('unsupported', 'The archive holds too many files.')
  const files: ArchivedFile[] = []
  const seen = new Set<string>()
  let total = 0
  for await (const entry of entriesOf(zip)) {
    const path = pathOf(entry)
    if (path.endsWith('/') || isClutter(path)) continue
    checkEntry(entry, path)
    // Two files of one path, in whatever case: what one reader takes another leaves.
    if (seen.has(path.toLowerCase()))
      throw new SlideFileError('unsupported', 'The archive holds two files of one name.')
    seen.add(path.toLowerCase())
    total += entry.uncompressedSize
    if (total > maxBytes) throw new SlideFileError('too-large', 'The archive unpacks to more than may be taken.')
    if (total > zip.fileSize * maxRatio) {
      throw new SlideFileError('too-large', 'The archive unpacks to far more than slides do; it is not unpacked.')
    }
    files.push({ path, bytes: entry.uncompressedSize, entry })
    if (files.length > maxFiles) throw new SlideFileError('unsupported', 'The archive holds too many files.')
  }
  if (files.length === 0) throw new SlideFileError('unsupported', 'The archive is empty.')
  return withoutCommonFolder(files)
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry()
  } catch (error) {
    if (error instanceof SlideFileError) throw error
    if (/encryption/.test((error as Error).message)) throw encrypted()
    asDamaged(error)
  }
}

/** @throws SlideFileError for a path that leads out of the archive */
function pathOf(entry: Entry): string {
  const path = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false)
  const wrong = validateFileName(path) !== null || /[\u0000-\u001f\u007f]/.test(path) || path.length > 1000
  if (wrong || path.split('/').includes('.')) {
    throw new SlideFileError('unsupported', 'The archive holds a file whose path leads out of it.')
  }
  return path
}

/** What systems put beside the files: resource forks, thumbnails, folder settings. */
const isClutter = (path: string): boolean => /(^|\/)(__MACOSX|\.[^/]*|Thumbs\.db|desktop\.ini)(\/|$)/i.test(path)

const encrypted = () => new SlideFileError('unsupported', 'The archive is encrypted; send it without a password.')

/** The type of a file in the upper half of Unix attributes. */
const TYPE = 0o170000
const REGULAR = 0o100000

function checkEntry(entry: Entry, path: string): void {
  if (entry.isEncrypted()) throw encrypted()
  const type = (entry.externalFileAttributes >>> 16) & TYPE
  if (type !== 0 && type !== REGULAR) {
    throw new SlideFileError('unsupported', 'The archive holds a link or a device; only files are taken.')
  }
  if (!entry.canDecodeFileData()) {
    throw new SlideFileError('unsupported', 'The archive is packed by a method other than Deflate.')
  }
  if (/\.(zip|7z|rar|gz|tgz|tar|bz2|xz)$/i.test(path)) {
    throw new SlideFileError('unsupported', 'The archive holds another archive; send each slide as one of its own.')
  }
}

/** Archives made of a folder hold that folder. */
function withoutCommonFolder(files: ArchivedFile[]): ArchivedFile[] {
  const [first] = files
  const folder = first!.path.slice(0, first!.path.indexOf('/') + 1)
  if (folder === '' || !files.every(({ path }) => path.startsWith(folder))) return files
  return withoutCommonFolder(files.map(file => ({ ...file, path: file.path.slice(folder.length) })))
}

async function unpackFile(zip: ZipFile, { entry }: ArchivedFile, at: string, signal?: AbortSignal): Promise<void> {
  let sum = 0
  const summed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum)
      done(null, chunk)
    },
  })
  const bytes = await zip.openReadStreamPromise(entry).catch(asDamaged)
  try {
    await pipeline(bytes, summed, createWriteStream(at, { flags: 'wx', mode: 0o600 }), signal ? { signal } : {})
  } catch (error) {
    // A full disk and the end of the process are not the archive's fault.
    const { code } = error as { code?: string }
    if (signal?.aborted || (code !== undefined && /^E[A-Z]+$/.test(code))) throw error
    asDamaged(error)
  }
  // The library leaves this to its callers: https://github.com/thejoshwolfe/yauzl#no-crc-32-checking
  if (sum !== entry.crc32) asDamaged(new Error('a checksum in the archive is wrong'))
}

function asDamaged(cause: unknown): never {
  const { code } = cause as { code?: string }
  if (code === 'ENOENT' || code === 'EIO' || code === 'EMFILE') throw cause
  // Its messages quote names.
  throw new SlideFileError('damaged', 'The archive is damaged or incomplete.', { cause: code })
}
