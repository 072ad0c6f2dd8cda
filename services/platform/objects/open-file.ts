/** A file that is kept open for reads of ranges. */
import type { FileHandle } from 'node:fs/promises'
import { checkRange, pastEnd } from './keys.ts'
import { pageCache } from './page-cache.ts'
import type { OpenObject } from './port.ts'

/** Exactly `length` bytes. @throws ServiceError `invalid` past the end */
export async function readRange(
  file: FileHandle,
  offset: number,
  length: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let read = 0
  while (read < length) {
    const { bytesRead } = await file.read(buffer, read, length - read, offset + read)
    if (bytesRead === 0) throw pastEnd()
    read += bytesRead
    signal?.throwIfAborted()
  }
  return buffer
}

/** Takes over the handle. */
export async function openRead(file: FileHandle): Promise<OpenObject> {
  const { size } = await file.stat()
  let pages = pageCache()
  return {
    size,
    async read(offset, length, signal) {
      checkRange(offset, length)
      signal?.throwIfAborted()
      return readRange(file, offset, length, signal)
    },
    readNow(offset, target) {
      if (pages?.read(file.fd, target, offset)) return true
      // Asked once, a file system that cannot do it is not asked again.
      if (pages?.isUnsupported()) pages = undefined
      return false
    },
    async close() {
      // The descriptor's number may soon be that of another file.
      pages = undefined
      await file.close()
    },
  }
}
