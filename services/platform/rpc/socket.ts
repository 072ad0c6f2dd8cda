import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A fresh folder for the unix socket of this process, below one that only this user may enter. The file of a killed
 * process would make grpc-js fail with EADDRINUSE, so no name is used twice, and what the dead left is removed.
 */
export async function socketFolder(parent: string = tmpdir()): Promise<string> {
  const mine = join(parent, `coverslip-${process.getuid?.() ?? 0}`)
  await mkdir(mine, { recursive: true, mode: 0o700 })
  const found = await lstat(mine)
  // Somebody else made it, or a link in its place: not a house to move into.
  if (!found.isDirectory() || found.uid !== process.getuid?.()) return mkdtemp(join(parent, 'coverslip-'))
  for (const name of await readdir(mine)) {
    if (!isAlive(Number(name.split('-')[0]))) await rm(join(mine, name), { recursive: true, force: true })
  }
  return mkdtemp(join(mine, `${process.pid}-`))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
