import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Lets `write` fill a file beside `path` and renames it when it is complete, so that nobody ever sees half of one; what a
 * failure leaves is removed. `write` itself sees to it that the bytes are on the disk.
 */
export async function writeAtomically<T>(path: string, write: (part: string) => Promise<T>): Promise<T> {
  const part = `${path}.part-${randomBytes(6).toString('hex')}`
  try {
    const result = await write(part)
    await rename(part, path)
    await syncFolder(dirname(path))
    return result
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** The name is on the disk, too. Some network file systems refuse to sync a folder: the rename holds there at once. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().catch(() => {})
  await folder.close()
}
