/**
 * De-identification of slide files on disk: what the service does to a source of its store, and the command line to any
 * file, is this.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { verifyPyramid } from '@coverslip/wsi/convert/index.ts'
import type { CodingPolicy } from '@coverslip/wsi/convert/quality-policy.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { VerificationError } from './errors.ts'
import type { DatePolicy } from './procedure/dates.ts'
import type { Choices, LabelSide } from './procedure/draft.ts'
import { type Deidentified, deidentifyInPlace, type InPlaceFormat, isInPlaceFormat } from './procedure/in-place.ts'
import { changesNothing } from './procedure/repeat.ts'
import { deidentifyByRewriting } from './procedure/rewrite.ts'
import { checkOf, failureOf } from './proof/checks.ts'
import { type Proof, type ProofInput, prove } from './proof/index.ts'
import { repeatedTexts } from './report/check.ts'
import { reportPage } from './report/page.ts'
import { type Kept, makeReport, type Report } from './report/report.ts'
import { rulesSha256 } from './report/rules-hash.ts'
import { hmacOfFiles, type ReportKeys, type SignedReport, signReport } from './report/signature.ts'
import { bytesOf, describeFiles, filesOfSlide, type ResultFile } from './result-files.ts'

export { fileSha256 as sha256Of } from '@coverslip/platform/objects/digest.ts'
export { newResearchNumber } from './naming/characters.ts'
export type { DatePolicy } from './procedure/dates.ts'
export type { LabelSide } from './procedure/draft.ts'
export { type Plan, planFile } from './procedure/plan.ts'
export type { Kept } from './report/report.ts'
export {
  isGenuine,
  keyIdOf,
  openReportKeys,
  publicKeyFrom,
  type ReportKeys,
  type SignedReport,
} from './report/signature.ts'
export { filesOfSlide, type ResultFile } from './result-files.ts'

/** Level-0 pixels. */
export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

export interface DeidentifyOptions {
  /** What the result is called, without an extension; it must say nothing. `original` or `pyramid` where it is not given. */
  name?: string
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
  /** The macro stays but for the end where the label is; SVS and NDPI. */
  keepMacro?: LabelSide | undefined
  /** What may stay of dates; nothing where it is not said. */
  dates?: DatePolicy | undefined
  /** What the new id of an MRXS is drawn from: the same gives the same. At random where it is not given. */
  idSeed?: Buffer | undefined
  /** Of the tiles of a slide that becomes a pyramid; that of an unknown technique where it is not said. */
  coding?: CodingPolicy | undefined
  signal?: AbortSignal
  /** 0 to 1. */
  onProgress?(fraction: number): void
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

/** Names of the documents beside a result; behind its own name where it has one. */
export const DOCUMENTS = { json: 'deidentification.json', page: 'deidentification.html' } as const

/** Formats that keep their file, and how its name ends. */
const EXTENSIONS: Readonly<Record<InPlaceFormat, string>> = {
  aperio: '.svs',
  'generic-tiff': '.tiff',
  hamamatsu: '.ndpi',
  mirax: '.mrxs',
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
  const files = await describeFiles(made.path, made.result.sha256, options.signal)
  const proof = await proveMade(sourcePath, made, options)
  const facts = await reportOn(sourcePath, description, { ...made, files }, proof, options)
  const report = signReport(facts, options.keys)
  refuseFailed([
    checkOf(
      'report',
      repeatedTexts(report, proof.known).map(() => 'a text'),
    ),
  ])
  const prefix = options.name === undefined ? '' : `${options.name}.`
  const documents = [
    await writeDocument(folder, `${prefix}${DOCUMENTS.json}`, `${JSON.stringify(report, null, 2)}\n`),
    await writeDocument(folder, `${prefix}${DOCUMENTS.page}`, reportPage(report)),
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
  { name, signal, onProgress, redact = [], keepMacro, dates, idSeed, coding }: DeidentifyOptions,
): Promise<Made> {
  const { format } = description
  if (isInPlaceFormat(format)) {
    const path = join(folder, `${name ?? 'original'}${EXTENSIONS[format]}`)
    const result = await deidentifyInPlace(sourcePath, path, { ...description, format }, signal, {
      redact,
      keepMacro,
      dates,
      idSeed,
    })
    if (result) return { rendition: 'original', path, result }
  }
  const path = join(folder, `${name ?? 'pyramid'}.tiff`)
  const facts = { description, bytes: await bytesOf(await filesOfSlide(sourcePath)) }
  const running = {
    signal: signal ?? new AbortController().signal,
    onProgress: onProgress ?? (() => {}),
    redact,
    coding,
  }
  return { rendition: 'pyramid', path, result: await deidentifyByRewriting(sourcePath, path, facts, running) }
}

/** @throws VerificationError */
async function proveMade(sourcePath: string, { path, rendition }: Made, options: DeidentifyOptions): Promise<Proof> {
  const { knownTexts = [], redact = [], keepMacro, dates, signal } = options
  const kept = { keptMacro: keepMacro, keptDates: dates?.keep }
  const input = { sourcePath, resultPath: path, rendition, given: knownTexts, redacted: redact, signal, ...kept }
  const proof = await proveWithRepeat(input, { keepMacro, dates })
  refuseFailed(proof.checks)
  return proof
}

async function proveWithRepeat(input: ProofInput, choices: Choices = {}): Promise<Proof> {
  const proof = await prove(input)
  // A pyramid is never de-identified again: nothing but pixels went into it.
  if (input.rendition === 'pyramid' || proof.checks.some(({ passed }) => !passed)) return proof
  const repeat = checkOf('repeat', (await changesNothing(input.resultPath, input.signal, choices)) ? [] : ['a change'])
  return { ...proof, checks: [...proof.checks, repeat] }
}

/** Choices by which a result was made; days by which its dates were moved do not matter to the proof. */
const choicesFrom = ({ macro, dates }: Kept): Choices => ({
  keepMacro: macro ?? undefined,
  dates: dates === 'shifted' ? { keep: dates, days: 0 } : dates === 'year' ? { keep: dates } : undefined,
})

/** What stays by choices; undefined for nothing, as nothing but pixels is in a pyramid. */
function keptBy({ keepMacro, dates }: Choices, rendition: Made['rendition']): Kept | undefined {
  const any = rendition === 'original' && (keepMacro || dates)
  return any ? { macro: keepMacro ?? null, dates: dates?.keep ?? null } : undefined
}

/**
 * Proves a result that was made elsewhere or before, against its source.
 * @param options.knownTexts what must not be in it beside the source's own texts
 * @param options.kept what may have stayed by choice, as its report says; nothing else may
 * @throws SlideFileError for a file that is no slide
 */
export async function verifyFile(
  sourcePath: string,
  resultPath: string,
  options: Pick<DeidentifyOptions, 'knownTexts' | 'signal'> & { kept?: Kept | undefined },
): Promise<Proof['checks']> {
  const { knownTexts = [], signal, kept = { macro: null, dates: null } } = options
  const [source, result] = [await describeSlide(sourcePath, signal), await describeSlide(resultPath, signal)]
  const keepsFormat = isInPlaceFormat(source.format) && source.format === result.format
  const rendition = keepsFormat && !(await isOwnPyramid(resultPath)) ? 'original' : 'pyramid'
  const allowed = { keptMacro: kept.macro ?? undefined, keptDates: kept.dates ?? undefined }
  const input = { sourcePath, resultPath, rendition, given: knownTexts, redacted: [], signal, ...allowed } as const
  return (await proveWithRepeat(input, choicesFrom(kept))).checks
}

/** A TIFF that this program made of a TIFF is its pyramid, and not its original. */
const isOwnPyramid = (path: string): Promise<boolean> =>
  verifyPyramid(path).then(
    () => true,
    () => false,
  )

function refuseFailed(checks: Proof['checks']): void {
  const failed = checks.find(({ passed }) => !passed)
  if (failed) throw new VerificationError(failureOf(failed.id))
}

async function reportOn(
  sourcePath: string,
  { format }: SlideDescription,
  { result, rendition, files }: Made & Pick<DeidentifiedFiles, 'files'>,
  { checks, levels, searched }: Proof,
  { revision, keys, ledger, signal, ...choices }: DeidentifyOptions,
): Promise<Report> {
  const sources = await filesOfSlide(sourcePath)
  const kept = keptBy(choices, rendition)
  return makeReport({
    rulesSha256: rulesSha256(),
    wording: ledger ? 'pseudonymised' : 'de-identified',
    format,
    revision,
    method: rendition === 'original' ? 'in-place' : 'rewritten',
    removed: result.removed,
    ...(kept && { kept }),
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
