import { createReadStream, createWriteStream } from 'node:fs'
import { access, constants, link, mkdir, open, readdir, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PARTS, partPath, sweepParts } from './file-parts.ts'
import { checkDeletable, checkKey, checkPrefix, checkRange, exists, notFound } from './keys.ts'
import { openRead, readRange } from './open-file.ts'
import type { ObjectInfo, Objects } from './port.ts'

/** Patient data may lie in a store: other users of the machine see nothing. */
const MODE = 0o700

/**
 * Objects as files below `directory`, a key's segments being folders. A file is written beside, flushed, and given its
 * name by link(2), which fails where the name exists: nobody ever sees a part of it, nor does a crash leave one.
 */
export async function openFiles(directory: string): Promise<Objects> {
  const root = resolve(directory)
  await mkdir(join(root, PARTS), { recursive: true, mode: MODE })
  await sweepParts(root)
  const pathOf = (key: string): string => {
    checkKey(key)
    if (key.startsWith(`${PARTS}/`)) throw notFound()
    return join(root, key)
  }

  async function head(key: string): Promise<ObjectInfo | undefined> {
    const found = await stat(pathOf(key)).catch(noneIfMissing)
    return found?.isFile() ? { key, size: found.size } : undefined
  }

  async function existing(key: string): Promise<ObjectInfo> {
    const info = await head(key)
    if (info === undefined) throw notFound()
    return info
  }

  async function put(key: string, body: Buffer | Readable): Promise<ObjectInfo> {
    const target = pathOf(key)
    const part = partPath(root)
    try {
      const source = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
      await pipeline(source, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }))
      await nameFile(root, part, target)
    } finally {
      await rm(part, { force: true })
    }
    return existing(key)
  }

  async function putFile(key: string, path: string): Promise<ObjectInfo> {
    const target = pathOf(key)
    await flush(path)
    try {
      await nameFile(root, path, target)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
      await put(key, createReadStream(path))
    }
    await rm(path)
    return existing(key)
  }

  async function range(key: string, offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    checkRange(offset, length)
    signal?.throwIfAborted()
    await using file = await openFile(pathOf(key))
    return await readRange(file, offset, length, signal)
  }

  async function stream(key: string, range = { offset: 0, length: Number.MAX_SAFE_INTEGER }): Promise<Readable> {
    const { offset, length } = range
    checkRange(offset, length)
    if (length === 0) return existing(key).then(() => Readable.from([]))
    const file = await openFile(pathOf(key))
    return file.createReadStream({ start: offset, end: Math.min(Number.MAX_SAFE_INTEGER, offset + length - 1) })
  }

  return {
    location: { scheme: 'file', directory: root },
    head,
    range,
    open: async key => openRead(await openFile(pathOf(key))),
    stream,
    put,
    putFile,
    async localFile(key) {
      await existing(key)
      return { path: pathOf(key), release: async () => {} }
    },
    list(prefix) {
      checkPrefix(prefix)
      return walk(root, '', prefix)
    },
    async deletePrefix(prefix) {
      checkDeletable(prefix)
      for await (const { key } of walk(root, '', prefix)) {
        await rm(join(root, key), { force: true })
        await removeEmpty(root, dirname(join(root, key)))
      }
    },
    // A part has no key yet; those of processes that died go at the next start.
    discardUnfinished: async key => checkKey(key),
    async freeBytes() {
      const { bavail, bsize } = await statfs(root)
      return bavail * bsize
    },
    // A mount that is away leaves an empty folder behind.
    ready: () => access(join(root, PARTS), constants.R_OK | constants.W_OK),
    close: async () => {},
  }
}

function noneIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}

async function openFile(path: string): Promise<import('node:fs/promises').FileHandle> {
  const file = await open(path, 'r').catch(noneIfMissing)
  if (file === undefined) throw notFound()
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw notFound()
}

/** Gives a flushed file its name; when this returns, the name survives a power cut. */
async function nameFile(root: string, from: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(dirname(target), { recursive: true, mode: MODE })
    try {
      await link(from, target)
      break
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') throw exists(error)
      // Somebody removed the empty folder in between.
      if (code !== 'ENOENT' || attempt === 3) throw error
    }
  }
  for (const folder of foldersUp(root, dirname(target))) await flush(folder)
}

/** From the folder up to the root, both included. */
function foldersUp(root: string, folder: string): string[] {
  const names = relative(root, folder).split(sep).filter(Boolean)
  return names.map((_, i) => join(root, ...names.slice(0, names.length - i))).concat(root)
}

async function flush(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}

/** Files below `folder` whose key begins with the prefix, in the order of the keys' bytes. */
async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
  const entries = (await readdir(join(root, folder), { withFileTypes: true }).catch(noneIfMissing)) ?? []
  // A folder sorts with its slash: `a.b` comes before what lies in `a/`.
  const keys = entries.map(entry => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).sort(byBytes)
  for (const key of keys) {
    if (key === `${PARTS}/`) continue
    if (key.endsWith('/')) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* walk(root, key, prefix)
    } else if (key.startsWith(prefix)) {
      const found = await stat(join(root, key)).catch(noneIfMissing)
      if (found !== undefined) yield { key, size: found.size }
    }
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : 1)

/** Removes the folder and those above it as long as they are empty. */
async function removeEmpty(root: string, folder: string): Promise<void> {
  for (const path of foldersUp(root, folder).slice(0, -1)) {
    const removed = await rmdir(path).then(
      () => true,
      () => false,
    )
    if (!removed) return
  }
}
