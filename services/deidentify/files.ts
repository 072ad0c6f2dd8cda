/**
 * De-identification of slide files on disk: what the service does to a source of its store, and the command line to any
 * file, is this.
 */
import { mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { type Deidentified, deidentifyInPlace, isInPlaceFormat } from './in-place.ts'
import { makeReport, type Report } from './report.ts'
import { deidentifyByRewriting } from './rewrite.ts'

const TOOL_VERSION = '0.2.0'

/** Level-0 pixels. */
export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

export interface DeidentifyOptions {
  /** Counts from 1 and grows with every new de-identification of the slide. */
  revision: number
  /** Blanked on all levels. */
  redact?: readonly Rectangle[]
  signal?: AbortSignal
  /** 0 to 1. */
  onProgress?(fraction: number): void
}

/** A file of a result; `name` is its place beside the others, `/` between folders, and says nothing but the format. */
export interface ResultFile {
  name: string
  path: string
  bytes: number
  sha256: string
}

/** A result on disk. */
export interface DeidentifiedFiles {
  rendition: 'original' | 'pyramid'
  /** The slide's main file, then what it consists of besides (MRXS). */
  files: [ResultFile, ...ResultFile[]]
  /** Of the source, with the levels of the result. */
  description: SlideDescription
  report: Report
}

/** Formats that keep their file; the name says the format, and nothing else. */
const FILE_NAMES: Readonly<Record<string, string>> = {
  aperio: 'original.svs',
  'generic-tiff': 'original.tiff',
  hamamatsu: 'original.ndpi',
  mirax: 'original.mrxs',
}

/**
 * Makes the de-identified rendition of a slide: in its own format where there is a procedure for it, as the pyramid of its
 * pixels otherwise.
 * @param folder for the result; empty
 * @throws SlideFileError for a source that cannot be worked on, VerificationError for a result that was not proven
 */
export async function deidentifyFile(
  sourcePath: string,
  folder: string,
  options: DeidentifyOptions,
): Promise<DeidentifiedFiles> {
  const { revision, signal } = options
  const description = await describeSlide(sourcePath, signal)
  const made = await make(sourcePath, folder, description, options)
  const files = await filesOf(made, signal)
  const { removed, blankedBytes, checks, sha256, levels } = made.result
  const sizes = {
    source: await bytesOf(await filesOfSlide(sourcePath)),
    result: files.reduce((sum, { bytes }) => sum + bytes, 0),
  }
  const method = made.rendition === 'original' ? ('in-place' as const) : ('rewritten' as const)
  const facts = { format: description.format, revision, method, removed, blankedBytes, checks: [...checks] }
  return {
    rendition: made.rendition,
    files,
    description: { ...description, levels },
    report: makeReport({ ...facts, sizes, sha256 }, TOOL_VERSION),
  }
}

interface Made {
  rendition: 'original' | 'pyramid'
  path: string
  result: Deidentified
}

async function make(
  sourcePath: string,
  folder: string,
  description: SlideDescription,
  { signal, onProgress }: DeidentifyOptions,
): Promise<Made> {
  const { format } = description
  await mkdir(folder, { recursive: true })
  if (isInPlaceFormat(format)) {
    const path = join(folder, FILE_NAMES[format]!)
    const result = await deidentifyInPlace(sourcePath, path, { ...description, format }, signal)
    if (result) return { rendition: 'original', path, result }
  }
  const path = join(folder, 'pyramid.tiff')
  const facts = { description, bytes: await bytesOf(await filesOfSlide(sourcePath)) }
  const running = { signal: signal ?? new AbortController().signal, onProgress: onProgress ?? (() => {}) }
  return { rendition: 'pyramid', path, result: await deidentifyByRewriting(sourcePath, path, facts, running) }
}

async function filesOf({ path, result }: Made, signal?: AbortSignal): Promise<[ResultFile, ...ResultFile[]]> {
  const main = { name: basename(path), path, bytes: (await stat(path)).size, sha256: result.sha256 }
  const more: ResultFile[] = []
  for (const part of (await filesOfSlide(path)).slice(1)) {
    const name = `${basename(dirname(part))}/${basename(part)}`
    more.push({ name, path: part, bytes: (await stat(part)).size, sha256: await fileSha256(part, signal) })
  }
  return [main, ...more]
}

/** The files that make a slide: one, or an `.mrxs` and the folder of its name. */
export async function filesOfSlide(path: string): Promise<string[]> {
  const extension = extname(path)
  if (extension.toLowerCase() !== '.mrxs') return [path]
  const folder = join(dirname(path), basename(path, extension))
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const parts = entries.filter(entry => !entry.isDirectory()).map(entry => join(folder, entry.name))
  return [path, ...parts.toSorted()]
}

async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async path => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
