import { randomUUID } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { ObjectInfo, ReadableObjects } from './port.ts'

const PART_BYTES = 8 * 2 ** 20
const AT_ONCE = 4

/** Downloads an object into `scratch`, several ranges at once: one connection rarely fills the line. */
export async function download(
  { key, size }: ObjectInfo,
  range: ReadableObjects['range'],
  scratch: string,
  given?: AbortSignal,
): Promise<{ path: string; release(): Promise<void> }> {
  await mkdir(scratch, { recursive: true, mode: 0o700 })
  // Libraries tell formats by the name's end.
  const path = join(scratch, `${randomUUID()}${extname(key)}`)
  const release = (): Promise<void> => rm(path, { force: true })
  const stop = new AbortController()
  const signal = given ? AbortSignal.any([stop.signal, given]) : stop.signal
  try {
    await using file = await open(path, 'wx', 0o600)
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < size) {
        signal.throwIfAborted()
        const offset = next
        next += PART_BYTES
        const bytes = await range(key, offset, Math.min(PART_BYTES, size - offset), signal)
        // The last write that a full disk takes may be a short one.
        for (let done = 0; done < bytes.length; ) {
          done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
        }
      }
    }
    const workers = Array.from({ length: AT_ONCE }, worker)
    // The others must have ended before the file is closed.
    await Promise.all(workers).catch(async (error: unknown) => {
      stop.abort()
      await Promise.allSettled(workers)
      throw error
    })
    return { path, release }
  } catch (error) {
    await release()
    throw error
  }
}
