import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ReadableObjects } from './port.ts'

/**
 * Several objects as local files that lie to each other as their keys do, for libraries that find one file beside
 * another. Links where the store has files, downloads otherwise.
 * @param keys at least one, all of them below `prefix`
 * @returns the path of the first; `release` removes what was made
 */
export async function localFolder(
  objects: ReadableObjects,
  prefix: string,
  keys: readonly string[],
  scratch: string,
  signal?: AbortSignal,
): Promise<{ path: string; release(): Promise<void> }> {
  const folder = await mkdtemp(join(scratch, 'objects-'))
  const files: { release(): Promise<void> }[] = []
  const release = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true })
    for (const file of files) await file.release()
  }
  const placeOf = (key: string): string => join(folder, key.slice(prefix.length))
  try {
    for (const key of keys) {
      const file = await objects.localFile(key, scratch, signal)
      files.push(file)
      await mkdir(dirname(placeOf(key)), { recursive: true })
      await symlink(file.path, placeOf(key))
    }
    return { path: placeOf(keys[0]!), release }
  } catch (error) {
    await release()
    throw error
  }
}
