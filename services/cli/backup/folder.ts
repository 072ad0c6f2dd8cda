import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { lockFolder } from '@coverslip/platform/db/lock.ts'
import { CliError } from '../errors.ts'

/** A file or folder below the data folder. */
export interface Found {
  path: string
  kind: 'file' | 'folder'
  mode: number
  bytes: number
  changed: Date
}

/**
 * Everything below a folder, each folder before what it holds. Sockets are left out: a process that was killed leaves
 * them, and the next one makes them anew.
 * @throws CliError for a link, since what it leads to would be missing from the backup
 */
export async function* walk(folder: string, path = ''): AsyncGenerator<Found> {
  const names = await readdir(join(folder, path))
  for (const name of names.sort()) {
    const place = path ? `${path}/${name}` : name
    const facts = await lstat(join(folder, place))
    const about = { path: place, mode: facts.mode & 0o7777, changed: facts.mtime }
    if (facts.isDirectory()) {
      yield { ...about, kind: 'folder', bytes: 0 }
      yield* walk(folder, place)
    } else if (facts.isFile()) {
      yield { ...about, kind: 'file', bytes: facts.size }
    } else if (!facts.isSocket()) {
      throw new CliError(
        'unsupported',
        `${join(folder, place)} is a link or a device; a backup holds only files and folders`,
      )
    }
  }
}

/**
 * Runs `work` while no Coverslip can start on the data folder: takes the lock of its embedded database.
 * @throws CliError when one runs there
 */
export async function whileStopped<T>(data: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockFolder(join(data, 'db')).catch((error: unknown) => {
    const { code } = error as { code?: string }
    // No embedded database: the state is in PostgreSQL, and the files of the stores never change once they are there.
    if (code === 'ENOENT') return undefined
    if (code !== 'conflict') throw error
    throw new CliError('in-use', `Coverslip runs on ${data}; stop it first`, 1, { cause: error })
  })
  try {
    return await work()
  } finally {
    await lock?.release()
  }
}
