/**
 * De-identification of slide files on disk: what the service does to a source of its store, and the command line to any
 * file, is this.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { type Made, make } from './making.ts'
import { type DeidentifyOptions, keptBy } from './options.ts'
import { checkOf } from './proof/checks.ts'
import type { Proof } from './proof/index.ts'
import { proveMade, refuseFailed } from './proving.ts'
import { repeatedTexts } from './report/check.ts'
import { reportPage } from './report/page.ts'
import { makeReport, type Report } from './report/report.ts'
import { rulesSha256 } from './report/rules-hash.ts'
import { hmacOfFiles, type SignedReport, signReport } from './report/signature.ts'
import { bytesOf, describeFiles, filesOfSlide, type ResultFile } from './result-files.ts'

export { fileSha256 as sha256Of } from '@coverslip/platform/objects/digest.ts'
export { newResearchNumber } from './naming/characters.ts'
export type { Rectangle } from './options.ts'
export type { DatePolicy } from './procedure/dates.ts'
export type { LabelSide } from './procedure/draft.ts'
export { type Plan, planFile } from './procedure/plan.ts'
export { verifyFile } from './proving.ts'
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

/** A result on disk, proven. */
export interface DeidentifiedFiles {
  rendition: Made['rendition']
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
  const report = signReport(await reportOn(sourcePath, description, { ...made, files }, proof, options), options.keys)
  const repeated = repeatedTexts(report, proof.known)
  refuseFailed([
    checkOf(
      'report',
      repeated.map(() => 'a text'),
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
