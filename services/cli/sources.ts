/** Which slides the given files and folders hold, and which files make each of them. */
import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative } from 'node:path'
import { isAnnotationName, isSlideName } from '@coverslip/proto/api/file-names.ts'
import { fileReason } from './errors.ts'

/** One file of a slide. */
export interface SourceFile {
  path: string
  /** Place within its set: relative, `/` between folders. */
  name: string
  bytes: number
  changedMs: number
}

/** One slide: a single file, or a set of several (MRXS and its folder, a slide and its annotations). */
export interface SlideSource {
  /** As the user knows it: the path of its main file. */
  path: string
  files: [SourceFile, ...SourceFile[]]
}

/** A file or folder that cannot be taken, and why. */
export interface Unusable {
  path: string
  reason: string
}

export interface Found {
  slides: SlideSource[]
  unusable: Unusable[]
}

/**
 * Searches files and folders (to any depth), in the order given, each real file once. A file that is named is taken
 * whatever its name: the server looks at its content.
 */
export async function findSlides(paths: readonly string[]): Promise<Found> {
  const found: Found = { slides: [], unusable: [] }
  const seen = new Set<string>()
  for (const path of paths) await take(path, found, seen, true)
  return found
}

async function take(path: string, found: Found, seen: Set<string>, named: boolean): Promise<void> {
  try {
    const real = await realpath(path)
    if (seen.has(real)) return
    seen.add(real)
    const facts = await stat(path)
    if (facts.isDirectory()) await takeFolder(path, found, seen, named)
    else if (facts.isFile() && (named || isSlideName(path))) found.slides.push({ path, files: await filesOf(path) })
    else if (named) found.unusable.push({ path, reason: 'it is neither a file nor a folder' })
  } catch (error) {
    found.unusable.push({ path, reason: readable(error) })
  }
}

async function takeFolder(path: string, found: Found, seen: Set<string>, named: boolean): Promise<void> {
  const before = found.slides.length + found.unusable.length
  const entries = (await readdir(path, { withFileTypes: true })).filter(entry => !entry.name.startsWith('.'))
  const miraxFolders = new Set(entries.filter(isMiraxIndex).map(entry => stem(entry.name)))
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    // A link may lead to a file or to a folder.
    const isFolder = !entry.isFile() && !miraxFolders.has(entry.name)
    if (isFolder || isSlideName(entry.name)) await take(join(path, entry.name), found, seen, false)
  }
  const nothing = found.slides.length + found.unusable.length === before
  if (named && nothing) found.unusable.push({ path, reason: 'there is no slide in this folder' })
}

/** The files of the slide whose main file is `path`. */
async function filesOf(path: string): Promise<[SourceFile, ...SourceFile[]]> {
  const main = await fileAt(path, dirname(path))
  if (!isSlideName(path)) return [main]
  const mirax = extname(path).toLowerCase() === '.mrxs'
  const folder = mirax ? await filesBelow(join(dirname(path), stem(path)), dirname(path)) : []
  return [main, ...folder, ...(await annotationsBeside(path))]
}

/** A slide's annotations have its name, but for the extension. */
async function annotationsBeside(path: string): Promise<SourceFile[]> {
  const folder = dirname(path)
  const wanted = stem(path).toLowerCase()
  const names = (await readdir(folder)).filter(name => isAnnotationName(name) && stem(name).toLowerCase() === wanted)
  return Promise.all(names.sort().map(name => fileAt(join(folder, name), folder)))
}

async function filesBelow(folder: string, root: string): Promise<SourceFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    // A .mrxs without its folder goes up alone: the server says what is wrong with it.
    if ((error as { code?: string }).code === 'ENOENT') return [] as Dirent[]
    throw error
  })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return Promise.all(files.sort().map(file => fileAt(file, root)))
}

async function fileAt(path: string, root: string): Promise<SourceFile> {
  const { size, mtimeMs } = await stat(path)
  return { path, name: relative(root, path).split('\\').join('/'), bytes: size, changedMs: mtimeMs }
}

const isMiraxIndex = (entry: Dirent): boolean => extname(entry.name).toLowerCase() === '.mrxs'
const stem = (path: string): string => basename(path, extname(path))

/** The reason of a failed file operation in plain words. */
export function readable(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return (code && fileReason(code)) || message || 'it cannot be read'
}
