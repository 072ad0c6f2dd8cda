import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, open, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type ExtractEvents, extract } from 'tar-stream'
import { CliError, fileReason } from '../errors.ts'
import { differences, type Entry, MANIFEST_NAME, type Manifest, manifest, placeOf } from './manifest.ts'

export interface RestoreOptions {
  signal?: AbortSignal | undefined
  onProgress?(bytes: number, total: number): void
}

/**
 * Unpacks a backup beside the data folder, checks every file against the manifest, and only then gives the folder its
 * name. After an error the data folder is as it was.
 * @returns how many files and bytes there are now
 * @throws CliError when the data folder holds something, or the archive is no backup, cut off or damaged
 */
export async function restore(
  path: string,
  data: string,
  options: RestoreOptions = {},
): Promise<{ files: number; bytes: number }> {
  const total = (await stat(path)).size
  const target = resolve(data)
  await refuseFilled(target)
  await mkdir(dirname(target), { recursive: true })
  const scratch = join(dirname(target), `.${basename(target)}.restore-${randomBytes(4).toString('hex')}`)
  await mkdir(scratch, { mode: 0o700 })
  try {
    const onBytes = (bytes: number): void => options.onProgress?.(bytes, total)
    const { found, listed } = await unpack(path, scratch, onBytes, options.signal)
    const wrong = differences(listed.entries, found)
    if (wrong.length > 0) throw damaged(`${wrong.length} entries differ from its manifest`)
    await settle(scratch, found)
    await refuseFilled(target)
    await rmdir(target).catch(ignoreMissing)
    await rename(scratch, target)
    const files = found.filter(one => one.kind === 'file')
    return { files: files.length, bytes: files.reduce((sum, one) => sum + one.bytes, 0) }
  } catch (error) {
    await rm(scratch, { recursive: true, force: true })
    throw error
  }
}

async function refuseFilled(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length > 0) {
    throw new CliError('exists', `${folder} is not empty; move it away, or name another folder by COVERSLIP_DATA`)
  }
}

type Unpacked = { found: (Entry & { changed: Date | undefined })[]; listed: Manifest }

async function unpack(
  path: string,
  folder: string,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<Unpacked> {
  const found: Unpacked['found'] = []
  let listed: Manifest | undefined
  const archive = extract()
  let read = 0
  const file = createReadStream(path, { highWaterMark: 1 << 20 })
  file.on('data', chunk => {
    read += chunk.length
    onBytes(read)
  })
  const piped = pipeline(file, archive, signal ? { signal } : {})
  // Awaited below, but it may fail while an entry is still being read.
  piped.catch(() => {})
  try {
    for await (const entry of archive) {
      if (entry.header.name === MANIFEST_NAME) listed = parseManifest(await text(entry))
      else found.push(await unpackEntry(entry, folder))
    }
    await piped
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof CliError || fileReason((error as { code?: string }).code ?? '') !== undefined) throw error
    throw damaged('it is cut off or no tar archive', error)
  }
  if (!listed) throw damaged('its manifest is missing, so it is cut off or no backup of Coverslip')
  return { found, listed }
}

type ArchiveEntry = ExtractEvents['entry'][1]

async function unpackEntry(entry: ArchiveEntry, folder: string): Promise<Unpacked['found'][number]> {
  const { name, type, mode = 0o600, mtime } = entry.header
  const path = placeOf(name)
  const about = { path, mode: mode & 0o7777, changed: mtime }
  if (type === 'directory') {
    await mkdir(join(folder, path), { mode: 0o700 })
    entry.resume()
    return { ...about, kind: 'folder', bytes: 0, sha256: '' }
  }
  if (type !== 'file') throw damaged('it holds something that is neither a file nor a folder')
  const hash = createHash('sha256')
  let bytes = 0
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  await pipeline(
    entry as AsyncIterable<Buffer>,
    hashed,
    createWriteStream(join(folder, path), { flags: 'wx', mode: 0o600 }),
  )
  return { ...about, kind: 'file', bytes, sha256: hash.digest('hex') }
}

/** Permissions and times last, the deepest first: a folder may be closed to writing, and writing in it changes its time. */
async function settle(folder: string, found: Unpacked['found']): Promise<void> {
  const files = found.filter(({ kind }) => kind === 'file').map(({ path }) => join(folder, path))
  for (let at = 0; at < files.length; at += SYNCED_AT_ONCE) {
    await Promise.all(files.slice(at, at + SYNCED_AT_ONCE).map(sync))
  }
  for (const { path, mode, changed } of found.toReversed()) {
    await chmod(join(folder, path), mode)
    if (changed) await utimes(join(folder, path), changed, changed)
  }
  await sync(folder)
}

/** The disk writes many files together in hardly more time than one: a database is a thousand of them. */
const SYNCED_AT_ONCE = 32

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}

function parseManifest(json: string): Manifest {
  try {
    return manifest.parse(JSON.parse(json))
  } catch (error) {
    throw damaged('its manifest cannot be read', error)
  }
}

const damaged = (why: string, cause?: unknown): CliError =>
  new CliError('damaged', `The backup was not restored: ${why}`, 1, { cause })

const ignoreMissing = (error: { code?: string }): void => {
  if (error.code !== 'ENOENT') throw error
}
