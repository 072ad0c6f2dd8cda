import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError } from './errors.ts'

/** @throws CliError when there is a file already and `force` is not set */
export async function refuseExisting(path: string, force: boolean): Promise<void> {
  const there = await stat(path).then(
    facts => facts,
    (error: { code?: string }) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
  if (there?.isDirectory()) throw new CliError('eisdir', `${path} is a folder; name a file in it`)
  if (there && !force) throw new CliError('exists', `${path} exists already; name another file or add --force`)
}

/**
 * Lets `write` fill a temporary file beside `path` and gives it its name once all is on the disk: nobody ever sees half
 * a file. After an error nothing is left.
 */
export async function writeNewFile(
  path: string,
  options: { force: boolean; mode?: number },
  write: (part: string) => Promise<void>,
): Promise<void> {
  await refuseExisting(path, options.force)
  const part = `${path}.part-${randomBytes(4).toString('hex')}`
  try {
    await (await open(part, 'wx', options.mode ?? 0o644)).close()
    await write(part)
    await publish(part, path, options.force)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** Gives a finished file its name, for good: the file and its folder are written to the disk. */
export async function publish(part: string, path: string, force: boolean): Promise<void> {
  await sync(part)
  await refuseExisting(path, force)
  await rename(part, path)
  await sync(dirname(path))
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}
