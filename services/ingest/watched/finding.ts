/** What lies in a watched folder: slides with their files, folder by folder, so that a large tree is never in memory. */
import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isAnnotationName, isSlideName } from '@coverslip/proto/api/file-names.ts'
import { stemOf } from '../slide-files.ts'

export interface WatchedFile {
  /** On this disk. */
  path: string
  /** Place within its set. */
  name: string
  bytes: number
  changedMs: number
}

/** A slide with its files, the main one first; an annotation file beside a slide; a link that leads elsewhere. */
export interface Found {
  kind: 'slide' | 'annotations' | 'link'
  /** Path inside the watched folder, `/` between folders. */
  name: string
  files: WatchedFile[]
  /** Of a slide: the annotation files beside it, each found on its own as well. */
  beside: Found[]
  /** Of an annotation file: the name of its slide. */
  slide?: string
}

/** Deeper than any scanner writes. */
const MAX_DEPTH = 32
/** What comes and goes while it is looked at. */
const PASSING = new Set(['ENOENT', 'ESTALE', 'ENOTDIR', 'EACCES', 'EPERM'])

/**
 * Finds slides below `root`, in no matter how many folders. Links are not followed: what they lead to inside of the folder
 * is found at its own place.
 * @throws file-system errors of the root itself, and those that say that the share is gone
 */
export async function* findWatched(root: string): AsyncGenerator<Found> {
  yield* folder(await realpath(root), '', 0)
}

async function* folder(root: string, inside: string, depth: number): AsyncGenerator<Found> {
  const read = readdir(join(root, inside), { withFileTypes: true })
  const entries = inside === '' ? await read : await read.catch(nothingIfPassing)
  const seen = (entries ?? []).filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1))
  const miraxFolders = new Set(seen.filter(({ name }) => /\.mrxs$/i.test(name)).map(({ name }) => name.slice(0, -5)))
  const annotations = Map.groupBy(seen.filter(isAnnotationFile), ({ name }) => stemOf(name))
  for (const entry of seen) {
    if (entry.isSymbolicLink()) yield* link(root, inside + entry.name, miraxFolders.has(entry.name))
    if (!entry.isFile() || !isSlideName(entry.name)) continue
    const beside = annotations.get(stemOf(entry.name)) ?? []
    // Of two slides of one name the first has the annotations.
    annotations.delete(stemOf(entry.name))
    yield* slide(root, inside, entry, seen, beside)
  }
  for (const entry of seen) {
    const further = entry.isDirectory() && !miraxFolders.has(entry.name) && depth < MAX_DEPTH
    if (further) yield* folder(root, `${inside}${entry.name}/`, depth + 1)
  }
}

const isAnnotationFile = (entry: Dirent): boolean => entry.isFile() && isAnnotationName(entry.name)

async function* link(root: string, name: string, ofMirax: boolean): AsyncGenerator<Found> {
  if (!isSlideName(name) && !isAnnotationName(name) && !ofMirax) return
  const target = await realpath(join(root, name)).catch(() => undefined)
  if (target !== undefined && isOutside(root, target)) yield { kind: 'link', name, files: [], beside: [] }
}

export function isOutside(root: string, target: string): boolean {
  const path = relative(root, target)
  return path === '..' || path.startsWith(`..${sep}`) || path.startsWith(sep)
}

async function* slide(
  root: string,
  inside: string,
  entry: Dirent,
  around: Dirent[],
  annotations: Dirent[],
): AsyncGenerator<Found> {
  const name = inside + entry.name
  const main = await fileAt(join(root, name), entry.name)
  const stem = entry.name.slice(0, -5)
  const mirax = /\.mrxs$/i.test(entry.name) && around.some(one => one.name === stem && one.isDirectory())
  const rest = mirax ? await filesBelow(join(root, inside, stem), stem) : []
  // A file of it vanished: it is looked at again.
  if (!main || !rest) return
  const beside: Found[] = []
  for (const { name: file } of annotations) {
    const found = await fileAt(join(root, inside, file), file)
    if (found) beside.push({ kind: 'annotations', name: inside + file, files: [found], beside: [], slide: name })
  }
  yield { kind: 'slide', name, files: [main, ...rest], beside }
  yield* beside
}

async function filesBelow(path: string, name: string): Promise<WatchedFile[] | undefined> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(nothingIfPassing)
  const files: WatchedFile[] = []
  for (const entry of entries ?? []) {
    if (!entry.isFile()) continue
    const at = join(entry.parentPath, entry.name)
    const file = await fileAt(at, `${name}/${relative(path, at).split(sep).join('/')}`)
    if (!file) return undefined
    files.push(file)
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Undefined when it is gone. */
async function fileAt(path: string, name: string): Promise<WatchedFile | undefined> {
  const facts = await lstat(path).catch(nothingIfPassing)
  return facts?.isFile() ? { path, name, bytes: facts.size, changedMs: facts.mtimeMs } : undefined
}

/** The files of a slide as they are now; undefined when one is gone. */
export async function filesNow(files: readonly WatchedFile[]): Promise<WatchedFile[] | undefined> {
  const now: WatchedFile[] = []
  for (const { path, name } of files) {
    const file = await fileAt(path, name)
    if (!file) return undefined
    now.push(file)
  }
  return now
}

function nothingIfPassing(error: NodeJS.ErrnoException): undefined {
  if (!PASSING.has(error.code ?? '')) throw error
}
