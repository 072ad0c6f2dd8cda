/** The folder for results: nothing lies in it that is not finished, and no input. */
import { mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CliError, EXIT } from './errors.ts'

const WORK_FOLDER = /^\.coverslip-(.+)-(\d+)-[A-Za-z0-9]{6}$/

/** A folder for one result that is not finished; on the same file system, so that files only have to be renamed. */
export const makeWorkFolder = (folder: string): Promise<string> =>
  mkdtemp(join(folder, `.coverslip-${hostname()}-${process.pid}-`))

/** Removes what runs on this machine that were killed have left: copies of sources, perhaps not clean yet. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, host, pid] = WORK_FOLDER.exec(name) ?? []
    if (host === hostname() && !isRunning(Number(pid))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It runs, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export const DISK_FULL = 'The disk of the output folder is full; nothing of this slide was left there'

/** System errors, and the slide library's own. */
export const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'disk-full'].includes(String((error as { code?: unknown }).code))

/** Gives a finished result its place; its main file last, as a slide is there when that is. */
export async function moveInto(folder: string, work: string, main: string): Promise<void> {
  const names = (await readdir(work)).filter(name => name !== main)
  const moved: string[] = []
  try {
    for (const name of [...names, main]) {
      await refuseThere(join(folder, name))
      await rename(join(work, name), join(folder, name))
      moved.push(name)
    }
  } catch (error) {
    for (const name of moved) await rm(join(folder, name), { recursive: true, force: true })
    throw error
  }
}

async function refuseThere(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there) throw new CliError('exists', `${path} exists already`)
}

/**
 * Makes a folder and those above it that are missing, one by one: Node's own way never ends where the system says of a
 * folder that is there that it is not, as under /proc (as nodejs/node#27198, on another system).
 * @throws CliError where no folder can be made
 */
async function makeFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) return
  const above = dirname(path)
  if (above !== path) await makeFolder(above)
  try {
    await mkdir(path)
  } catch (error) {
    // Another run was faster.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (isDiskFull(error)) throw error
    throw new CliError('usage', `No folder can be made at ${path}`, EXIT.usage, { cause: error })
  }
}

/**
 * The folder for results, made where it is missing and rid of what a killed run left. Nothing is written where an input lies: a result beside its source
 * would tell whose it is, and a mix-up would be a leak.
 * @throws CliError
 */
export async function openOutput(folder: string, inputs: readonly string[]): Promise<string> {
  await makeFolder(resolve(folder))
  const output = await realpath(folder)
  for (const input of inputs) {
    for (const path of new Set([input, await realpath(input)])) {
      const beside = await realpath(dirname(path))
      const own = join(beside, basename(path, extname(path)))
      if (output === beside || output === own || output.startsWith(`${own}/`) || (await isSameFolder(output, beside))) {
        throw new CliError('usage', 'The output folder holds an input; name another folder', EXIT.usage)
      }
    }
  }
  await removeLeft(output)
  return output
}

/** Whether two paths lead to one folder, by a mount for one. */
async function isSameFolder(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)])
  return one.ino === other.ino && one.dev === other.dev
}
