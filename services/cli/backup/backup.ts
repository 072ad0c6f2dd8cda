import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Pack, pack } from 'tar-stream'
import { CliError } from '../errors.ts'
import { writeNewFile } from '../new-file.ts'
import { type Found, walk, whileStopped } from './folder.ts'
import { type Entry, MANIFEST_NAME, type Manifest, ROOT } from './manifest.ts'

export interface BackupOptions {
  force: boolean
  signal?: AbortSignal | undefined
  onProgress?(bytes: number, total: number): void
}

/**
 * Writes everything under a data folder into a tar archive that only its owner may read: it holds patient data and keys.
 * @returns how many files and bytes it holds
 * @throws CliError while Coverslip runs on the folder, when there is none, or when the archive would lie in it
 */
export async function backup(
  data: string,
  path: string,
  options: BackupOptions,
): Promise<{ files: number; bytes: number }> {
  const facts = await stat(data).catch(() => undefined)
  if (!facts?.isDirectory()) throw new CliError('enoent', `There is no data folder at ${data}; set COVERSLIP_DATA`)
  const target = join(await realpath(dirname(resolve(path))), basename(path))
  if (!relative(await realpath(data), target).startsWith('..')) {
    throw new CliError('usage', 'The backup would lie in the folder that it copies; name a file elsewhere', 2)
  }
  return whileStopped(data, async () => {
    const entries: Entry[] = []
    await writeNewFile(path, { force: options.force, mode: 0o600 }, async part => {
      const archive = pack()
      const written = pipeline(archive, createWriteStream(part, { highWaterMark: 1 << 20 }))
      await Promise.all([fill(archive, data, entries, options), written]).catch((error: Error) => {
        archive.destroy(error)
        throw error
      })
    })
    return { files: entries.filter(one => one.kind === 'file').length, bytes: sum(entries) }
  })
}

async function fill(archive: Pack, data: string, entries: Entry[], options: BackupOptions): Promise<void> {
  const found: Found[] = []
  for await (const one of walk(data)) found.push(one)
  const total = sum(found)
  let done = 0
  for (const one of found) {
    options.signal?.throwIfAborted()
    const sha256 = await addEntry(archive, data, one, bytes => {
      done += bytes
      options.onProgress?.(done, total)
    })
    entries.push({ path: one.path, kind: one.kind, mode: one.mode, bytes: one.bytes, sha256 })
  }
  const manifest: Manifest = { version: 1, madeAt: new Date().toISOString(), entries }
  archive.entry({ name: MANIFEST_NAME, mode: 0o600 }, JSON.stringify(manifest))
  archive.finalize()
}

async function addEntry(archive: Pack, data: string, one: Found, onBytes: (bytes: number) => void): Promise<string> {
  const header = { name: `${ROOT}/${one.path}`, mode: one.mode, mtime: one.changed }
  if (one.kind === 'folder') {
    archive.entry({ ...header, type: 'directory' }, '')
    return ''
  }
  const hash = createHash('sha256')
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      onBytes(chunk.length)
      yield chunk
    }
  }
  const entry = archive.entry({ ...header, type: 'file', size: one.bytes })
  await pipeline(createReadStream(join(data, one.path), { highWaterMark: 1 << 20 }), hashed, entry)
  return hash.digest('hex')
}

const sum = (entries: readonly { bytes: number }[]): number => entries.reduce((total, { bytes }) => total + bytes, 0)
