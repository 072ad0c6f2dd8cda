import type { KeyObject } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { DeidentifiedFiles, Kept, Plan, ReportKeys } from '@coverslip/deidentify/files.ts'
import { type Environment, stateFolder } from './connection.ts'
import { type Choices, keptBy, toOptions } from './deidentify-choices.ts'
import { DISK_FULL, isDiskFull, makeWorkFolder, moveInto } from './deidentify-output.ts'
import { CliError, EXIT } from './errors.ts'

/** Loaded when needed: the image libraries take longer to load than most other commands run. */
const library = () => import('@coverslip/deidentify/files.ts')

/** What a run made of one file. */
export interface Made {
  /** The random name, without an extension. */
  name: string
  rendition: DeidentifiedFiles['rendition']
  /** The result's main file. */
  result: string
  removed: number
  bytes: number
}

interface Options {
  /** Texts that must not be left, beside those of the file and its name. */
  known: readonly string[]
  /** What may stay. */
  choices: Choices
  signal: AbortSignal
  onProgress?(fraction: number): void
}

/** The file's name and its stem are known to the folder that it lies in, and must not be in the result. */
const knownWith = (input: string, known: readonly string[]): string[] => [
  basename(input),
  basename(input, extname(input)),
  ...known,
]

export async function plan(input: string, choices: Choices, signal: AbortSignal): Promise<Plan> {
  return (await library()).planFile(input, signal, toOptions(choices))
}

/**
 * De-identifies a file into a folder, under a random name. The folder holds the whole result or nothing of it.
 * @throws CliError, SlideFileError, VerificationError
 */
export async function run(input: string, folder: string, keys: ReportKeys, options: Options): Promise<Made> {
  const { deidentifyFile, newResearchNumber } = await library()
  const name = newResearchNumber()
  const work = await makeWorkFolder(folder)
  try {
    const made = await deidentifyFile(input, work, {
      name,
      revision: 1,
      keys,
      knownTexts: knownWith(input, options.known),
      ...toOptions(options.choices),
      signal: options.signal,
      ...(options.onProgress && { onProgress: options.onProgress }),
    })
    options.signal.throwIfAborted()
    await moveInto(folder, work, basename(made.files[0].path))
    const { counts, sizes } = made.report
    const removed = Object.values(counts).reduce((sum, count) => sum + count, 0)
    return { name, rendition: made.rendition, result: join(folder, made.files[0].name), removed, bytes: sizes.result }
  } catch (error) {
    throw isDiskFull(error) ? new CliError('disk-full', DISK_FULL, EXIT.failed, { cause: error }) : error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What is known of a result: every check in words, and whose the report beside it is. */
export interface Verified {
  checks: { holds: string; passed: boolean }[]
  report: 'genuine' | 'not genuine' | 'of another key' | 'none'
}

/**
 * Proves a result. What may have stayed in it is what the choices say, or else the report beside it: but only one that is
 * genuine, as any other may allow what nobody chose.
 * @param key that the report must be signed with
 */
export async function verify(result: string, original: string, key: KeyObject, options: Options): Promise<Verified> {
  const { verifyFile } = await library()
  const { known, choices, signal } = options
  const { state, kept } = await judgeReport(result, key)
  const allowed = keptBy(choices) ?? kept
  const checks = await verifyFile(original, result, { knownTexts: knownWith(original, known), signal, kept: allowed })
  return { checks: checks.map(({ holds, passed }) => ({ holds, passed })), report: state }
}

interface Judged {
  state: Verified['report']
  /** What a genuine report says that stayed. */
  kept?: Kept | undefined
}

/** The report beside a result: whether it was signed with the key, and speaks of these files. */
async function judgeReport(result: string, key: KeyObject): Promise<Judged> {
  const { isGenuine, keyIdOf } = await library()
  const path = join(dirname(result), `${basename(result, extname(result))}.deidentification.json`)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return { state: 'none' }
  const report = parsed(text)
  const keyId = report?.signature?.keyId
  // What nobody signed is no report.
  if (!report || typeof keyId !== 'string' || keyId === '') return { state: 'not genuine' }
  if (keyId !== keyIdOf(key)) return { state: 'of another key' }
  const genuine = isGenuine(report, key) && (await isOfFiles(report, result))
  return genuine ? { state: 'genuine', kept: report.kept } : { state: 'not genuine' }
}

/** Every file counts: the `.mrxs` file of one slide is that of all. */
async function isOfFiles({ sha256, files = [] }: Parsed, result: string): Promise<boolean> {
  const { filesOfSlide, sha256Of } = await library()
  const found: string[] = []
  for (const path of await filesOfSlide(result)) found.push(await sha256Of(path))
  const said = files.map(file => file.sha256)
  return sha256 === found[0] && said.toSorted().join() === found.toSorted().join()
}

interface Parsed {
  signature?: { keyId?: string }
  sha256?: string
  files?: { sha256?: string }[]
  kept?: Kept
}

function parsed(text: string): Parsed | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Keys as the service has them, or one's own, made once. @throws CliError for a key file that cannot be read */
export async function openKeys(environment: Environment): Promise<ReportKeys> {
  const given = async (name: string): Promise<string> => {
    const file = environment[`${name}_FILE`]
    return file ? (await readFile(file, 'utf8')).trim() : (environment[name] ?? '')
  }
  const [signing, input] = [await given('REPORT_SIGNING_KEY'), await given('REPORT_INPUT_KEY')]
  return (await library()).openReportKeys({ signing, input }, join(stateFolder(environment), 'keys'))
}

/** The public key that reports are checked by. @throws CliError for a file that holds none */
export async function readKey(file: string): Promise<KeyObject> {
  const { publicKeyFrom } = await library()
  const pem = await readFile(file, 'utf8')
  try {
    return publicKeyFrom(pem)
  } catch {
    throw new CliError('usage', `${file}: expected an Ed25519 public key in PEM`, EXIT.usage)
  }
}

/** One text a line. */
export async function readKnown(file: string | undefined): Promise<string[]> {
  if (file === undefined) return []
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/)
  return lines.map(line => line.trim()).filter(line => line !== '')
}
