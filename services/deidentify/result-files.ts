/** The files that make a slide, as they lie on a disk. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'

/** A file of a result; `name` is its place beside the others, `/` between folders, and says nothing but the format. */
export interface ResultFile {
  name: string
  path: string
  bytes: number
  sha256: string
}

/** One file, or an `.mrxs` and what is in the folder of its name. */
export async function filesOfSlide(path: string): Promise<string[]> {
  const extension = extname(path)
  if (extension.toLowerCase() !== '.mrxs') return [path]
  const folder = join(dirname(path), basename(path, extension))
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const parts = entries.filter(entry => !entry.isDirectory()).map(entry => join(folder, entry.name))
  return [path, ...parts.toSorted()]
}

export async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async path => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** @param sha256 of the main file, which is known already */
export async function describeFiles(
  path: string,
  sha256: string,
  signal?: AbortSignal,
): Promise<[ResultFile, ...ResultFile[]]> {
  const main = { name: basename(path), path, bytes: (await stat(path)).size, sha256 }
  const more: ResultFile[] = []
  for (const part of (await filesOfSlide(path)).slice(1)) {
    const name = `${basename(dirname(part))}/${basename(part)}`
    more.push({ name, path: part, bytes: (await stat(part)).size, sha256: await fileSha256(part, signal) })
  }
  return [main, ...more]
}
