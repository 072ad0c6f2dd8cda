import { randomUUID } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** The folder of files that are not objects yet; hidden, and on the file system of the store. */
export const PARTS = '.parts'

/** After so long without a byte a part of another host counts as abandoned. */
const ABANDONED_MS = 24 * 3_600_000
const PROCESS = randomUUID().slice(0, 8)

/** A new name that says who writes it. */
export function partPath(root: string): string {
  return join(root, PARTS, [hostname(), process.pid, PROCESS, randomUUID()].join('~'))
}

/** Removes what processes that died have left; several processes may use the store at the same time. */
export async function sweepParts(root: string): Promise<void> {
  for (const name of await readdir(join(root, PARTS))) {
    const path = join(root, PARTS, name)
    if (isOrphan(name) || (await isOld(path))) await rm(path, { force: true })
  }
}

function isOrphan(name: string): boolean {
  const [host, pid, run] = name.split('~')
  if (host !== hostname()) return false
  // In a container every run has the same number.
  return Number(pid) === process.pid ? run !== PROCESS : !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
  return Date.now() - mtimeMs > ABANDONED_MS
}
