/**
 * De-identification of slide files on disk: what the service does to a source of its store, and the command line to any
 * file, is this.
 */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { VerificationError } from './errors.ts'
import { type Deidentified, deidentifyInPlace, isInPlaceFormat } from './in-place.ts'
import { checkOf, failureOf } from './proof/checks.ts'
import { type Proof, prove } from './proof/index.ts'
import { changesNothing } from './repeat.ts'
import { makeReport, type Report } from './report.ts'
import { repeatedTexts } from './report-check.ts'
import { reportPage } from './report-page.ts'
import { hmacOfFiles, type ReportKeys, type SignedReport, signReport } from './report-signature.ts'
import { deidentifyByRewriting } from './rewrite.ts'
import { rulesSha256 } from './rules-hash.ts'

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
  /** Signs the report. */
  keys: ReportKeys
  /** What is known to identify the source beside its own texts: names, numbers, the file's name. */
  knownTexts?: readonly string[]
  /** Whether a ledger leads from the result back to the source. */
  ledger?: boolean
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

/** A result on disk, proven. */
export interface DeidentifiedFiles {
  rendition: 'original' | 'pyramid'
  /** The slide's main file, then what it consists of besides (MRXS). */
  files: [ResultFile, ...ResultFile[]]
  /** The signed report as JSON and as a page, kept beside the slide. */
  documents: ResultFile[]
  /** Of the source, with the levels of the result. */
  description: SlideDescription
  report: SignedReport
}

/** Names of the documents beside a result. */
export const DOCUMENTS = { json: 'deidentification.json', page: 'deidentification.html' } as const

/** Formats that keep their file; the name says the format, and nothing else. */
const FILE_NAMES: Readonly<Record<string, string>> = {
  aperio: 'original.svs',
  'generic-tiff': 'original.tiff',
  hamamatsu: 'original.ndpi',
  mirax: 'original.mrxs',
}

/**
 * Makes and proves the de-identified rendition of a slide: in its own format where there is a procedure for it, as the
 * pyramid of its pixels otherwise.
 * @param folder for the result; empty
 * @throws SlideFileError for a source that cannot be worked on, VerificationError for a result that was not proven
 */
export async function deidentifyFile(
  sourcePath: string,
  folder: string,
  options: DeidentifyOptions,
): Promise<DeidentifiedFiles> {
  const description = await describeSlide(sourcePath, options.signal)
  await mkdir(folder, { recursive: true })
  const made = await make(sourcePath, folder, description, options)
  const files = await filesOf(made, options.signal)
  const proof = await proveMade(sourcePath, made, options)
  const facts = await reportOn(sourcePath, description, { ...made, files }, proof, options)
  const report = signReport(facts, options.keys)
  refuseFailed([
    checkOf(
      'report',
      repeatedTexts(report, proof.known).map(() => 'a text'),
    ),
  ])
  const documents = [
    await writeDocument(folder, DOCUMENTS.json, `${JSON.stringify(report, null, 2)}\n`),
    await writeDocument(folder, DOCUMENTS.page, reportPage(report)),
  ]
  const levels = made.result.levels
  return { rendition: made.rendition, files, documents, description: { ...description, levels }, report }
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
  { signal, onProgress, redact = [] }: DeidentifyOptions,
): Promise<Made> {
  const { format } = description
  if (isInPlaceFormat(format)) {
    const path = join(folder, FILE_NAMES[format]!)
    const result = await deidentifyInPlace(sourcePath, path, { ...description, format }, signal, { redact })
    if (result) return { rendition: 'original', path, result }
  }
  const path = join(folder, 'pyramid.tiff')
  const facts = { description, bytes: await bytesOf(await filesOfSlide(sourcePath)) }
  const running = { signal: signal ?? new AbortController().signal, onProgress: onProgress ?? (() => {}), redact }
  return { rendition: 'pyramid', path, result: await deidentifyByRewriting(sourcePath, path, facts, running) }
}

/** @throws VerificationError */
async function proveMade(sourcePath: string, { path, rendition }: Made, options: DeidentifyOptions): Promise<Proof> {
  const { knownTexts = [], redact = [], signal } = options
  const input = { sourcePath, resultPath: path, rendition, given: knownTexts, redacted: redact, signal }
  const proof = await prove(input)
  refuseFailed(proof.checks)
  // A pyramid is never de-identified again: nothing but pixels went into it.
  if (rendition === 'pyramid') return proof
  const repeat = checkOf('repeat', (await changesNothing(path, signal)) ? [] : ['a change'])
  refuseFailed([repeat])
  return { ...proof, checks: [...proof.checks, repeat] }
}

function refuseFailed(checks: Proof['checks']): void {
  const failed = checks.find(({ passed }) => !passed)
  if (failed) throw new VerificationError(failureOf(failed.id))
}

async function reportOn(
  sourcePath: string,
  { format }: SlideDescription,
  { result, rendition, files }: Made & Pick<DeidentifiedFiles, 'files'>,
  { checks, levels, searched }: Proof,
  { revision, keys, ledger, signal }: DeidentifyOptions,
): Promise<Report> {
  const sources = await filesOfSlide(sourcePath)
  return makeReport({
    rulesSha256: rulesSha256(),
    wording: ledger ? 'pseudonymised' : 'de-identified',
    format,
    revision,
    method: rendition === 'original' ? 'in-place' : 'rewritten',
    removed: result.removed,
    blankedBytes: result.blankedBytes,
    checks: [...checks, checkOf('report', [])],
    levels,
    searched,
    sizes: { source: await bytesOf(sources), result: files.reduce((sum, { bytes }) => sum + bytes, 0) },
    inputHmac: await hmacOfFiles(sources, keys.input, signal),
    sha256: files[0].sha256,
    files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
  })
}

async function writeDocument(folder: string, name: string, text: string): Promise<ResultFile> {
  const path = join(folder, name)
  await writeFile(path, text, { flag: 'wx', flush: true })
  return { name, path, bytes: Buffer.byteLength(text), sha256: await fileSha256(path) }
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
