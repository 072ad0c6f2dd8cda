/**
 * Reading files for the proof. Nothing here, or in any other file of this folder up to `index.ts`, is shared with the code
 * that de-identifies: a mistake there must not blind the proof.
 */
import { open } from 'node:fs/promises'

/** Consecutive bytes of a file. */
export interface Range {
  offset: number
  length: number
}

export interface Bytes {
  readonly size: number
  /** Exactly `length` bytes. @throws UnreadableError beyond the end */
  read(offset: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

/** The file is not what it should be: a proof that meets this has failed. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
}

const PAGE = 64 * 1024
const KEPT_PAGES = 64
/** Larger reads than this are of pixels. */
const MAX_READ = 256 * 1024 * 1024

/** Opens a file for scattered small reads and few large ones. */
export async function openBytes(path: string): Promise<Bytes> {
  const file = await open(path, 'r')
  const { size } = await file.stat()
  const pages = new Map<number, Buffer>()
  const fill = async (offset: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.allocUnsafe(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done)
      if (bytesRead === 0) throw new UnreadableError('the file ends too early')
      done += bytesRead
    }
    return bytes
  }
  const page = async (index: number): Promise<Buffer> => {
    const kept = pages.get(index)
    if (kept) return kept
    const bytes = await fill(index * PAGE, Math.min(PAGE, size - index * PAGE))
    if (pages.size >= KEPT_PAGES) pages.delete(pages.keys().next().value!)
    pages.set(index, bytes)
    return bytes
  }
  return {
    size,
    async read(offset, length) {
      const inside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
      if (!inside || offset + length > size || length > MAX_READ) throw new UnreadableError('a reference leads nowhere')
      const index = Math.floor(offset / PAGE)
      const at = offset - index * PAGE
      if (length === 0) return Buffer.alloc(0)
      return at + length <= PAGE ? (await page(index)).subarray(at, at + length) : fill(offset, length)
    },
    close: () => file.close(),
  }
}

/** A file in order, in blocks of at most 4 MiB. */
export async function* blocksOf(path: string, signal?: AbortSignal): AsyncGenerator<{ at: number; bytes: Buffer }> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    for (let at = 0; at < size; ) {
      signal?.throwIfAborted()
      const bytes = Buffer.allocUnsafe(Math.min(4 * 1024 * 1024, size - at))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
      if (bytesRead === 0) throw new UnreadableError('the file ends too early')
      yield { at, bytes: bytes.subarray(0, bytesRead) }
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}
