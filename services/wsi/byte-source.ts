import { open } from 'node:fs/promises'
import { SlideFileError } from './errors.ts'
import type { ByteSource } from './slide.ts'

/** A byte source that holds something open. */
export type ClosableSource = ByteSource & { close(): Promise<void> }

/** @throws SlideFileError `damaged` when the range is not wholly inside a source of `size` bytes. */
export function assertInside(size: number, offset: number, length: number): void {
  const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
  if (!valid || offset + length > size) {
    throw new SlideFileError('damaged', 'The file ends before the data it refers to (incomplete or damaged).')
  }
}

/** Opens a local file for positional reads. File-system errors (ENOENT, EACCES) pass through unchanged. */
export async function openFile(path: string): Promise<ClosableSource> {
  const file = await open(path, 'r')
  const { size } = await file.stat().catch(async error => {
    await file.close()
    throw error
  })
  return {
    size,
    async read(offset, length, signal) {
      signal?.throwIfAborted()
      assertInside(size, offset, length)
      const buffer = Buffer.allocUnsafe(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
        // The file shrank after it was opened.
        if (bytesRead === 0) assertInside(0, offset, length)
        done += bytesRead
      }
      signal?.throwIfAborted()
      return buffer
    },
    close: () => file.close(),
  }
}

/** A byte source over memory; the buffers that `read` returns share it. */
export function bufferSource(buffer: Buffer): ByteSource {
  return {
    size: buffer.length,
    async read(offset, length, signal) {
      signal?.throwIfAborted()
      assertInside(buffer.length, offset, length)
      return buffer.subarray(offset, offset + length)
    },
  }
}

const PAGE = 64 * 1024
const TAIL = 1024 * 1024
const MAX_PAGES = 256

/**
 * Turns many small reads into few large ones, for structures scattered over a file that may be an object in a store:
 * pages of 64 KiB (at most 16 MiB kept), neighbouring pages in one read, and, since most writers put their index last,
 * everything from the wanted page to the end once a read falls into the last MiB. Larger reads pass through.
 */
export function pagedSource(source: ByteSource): ByteSource {
  const pages = new Map<number, Buffer>()
  const load = async (first: number, last: number, signal?: AbortSignal) => {
    const start = first * PAGE
    const end = start >= source.size - TAIL ? source.size : Math.min((last + 1) * PAGE, source.size)
    const bytes = await source.read(start, end - start, signal)
    for (let at = 0; at < bytes.length; at += PAGE) pages.set(first + at / PAGE, bytes.subarray(at, at + PAGE))
    for (const key of pages.keys()) {
      if (pages.size <= MAX_PAGES) break
      pages.delete(key)
    }
  }
  return {
    size: source.size,
    async read(offset, length, signal) {
      assertInside(source.size, offset, length)
      if (length === 0) return Buffer.alloc(0)
      const first = Math.floor(offset / PAGE)
      const last = Math.floor((offset + length - 1) / PAGE)
      if (last - first >= MAX_PAGES / 2) return source.read(offset, length, signal)
      const wanted = Array.from({ length: last - first + 1 }, (_, i) => first + i)
      const missing = wanted.filter(page => !pages.has(page))
      if (missing.length > 0) await load(missing[0] as number, missing.at(-1) as number, signal)
      const bytes = wanted.map(page => pages.get(page))
      // Concurrent loads may have evicted a page between the two steps: then read plainly.
      if (bytes.some(page => page === undefined)) return source.read(offset, length, signal)
      const joined = bytes.length === 1 ? (bytes[0] as Buffer) : Buffer.concat(bytes as Buffer[])
      return joined.subarray(offset - first * PAGE, offset - first * PAGE + length)
    },
  }
}
