import type { KeyObject } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { DeidentifiedFiles, Kept, Plan, ReportKeys } from '@coverslip/deidentify/files.ts'
import { type Environment, stateFolder } from './connection.ts'
import { type Choices, keptBy, toOptions } from './deidentify-choices.ts'
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
  // On the same file system, so that results only have to be renamed.
  const work = await mkdtemp(join(folder, `.coverslip-${hostname()}-${process.pid}-`))
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

const WORK_FOLDER = /^\.coverslip-(.+)-(\d+)-[A-Za-z0-9]{6}$/

/** Removes what runs on this machine that were killed have left: copies of sources, perhaps not clean yet. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, host, pid] = WORK_FOLDER.exec(name) ?? []
    if (host === hostname() && !isRunning(Number(pid))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It runs, and is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const DISK_FULL = 'The disk of the output folder is full; nothing of this slide was left there'

/** System errors, and the slide library's own. */
const isDiskFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'disk-full'].includes(String((error as { code?: unknown }).code))

/** Gives a finished result its place; its main file last, as a slide is there when that is. */
async function moveInto(folder: string, work: string, main: string): Promise<void> {
  const names = (await readdir(work)).filter(name => name !== main)
  const moved: string[] = []
  try {
    for (const name of [...names, main]) {
      await refuseThere(join(folder, name))
      await rename(join(work, name), join(folder, name))
      moved.push(name)
    }
  } catch (error) {
    for (const name of moved) await rm(join(folder, name), { recursive: true, force: true })
    throw error
  }
}

async function refuseThere(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there) throw new CliError('exists', `${path} exists already`)
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

/**
 * Makes a folder and those above it that are missing, one by one: Node's own way never ends where the system says of a
 * folder that is there that it is not, as under /proc (as nodejs/node#27198, on another system).
 * @throws CliError where no folder can be made
 */
async function makeFolder(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) return
  const above = dirname(path)
  if (above !== path) await makeFolder(above)
  try {
    await mkdir(path)
  } catch (error) {
    // Another run was faster.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (isDiskFull(error)) throw error
    throw new CliError('usage', `No folder can be made at ${path}`, EXIT.usage, { cause: error })
  }
}

/**
 * The folder for results, made where it is missing and rid of what a killed run left. Nothing is written where an input lies: a result beside its source
 * would tell whose it is, and a mix-up would be a leak.
 * @throws CliError
 */
export async function openOutput(folder: string, inputs: readonly string[]): Promise<string> {
  await makeFolder(resolve(folder))
  const output = await realpath(folder)
  for (const input of inputs) {
    for (const path of new Set([input, await realpath(input)])) {
      const beside = await realpath(dirname(path))
      const own = join(beside, basename(path, extname(path)))
      if (output === beside || output === own || output.startsWith(`${own}/`) || (await isSameFolder(output, beside))) {
        throw new CliError('usage', 'The output folder holds an input; name another folder', EXIT.usage)
      }
    }
  }
  await removeLeft(output)
  return output
}

/** Whether two paths lead to one folder, by a mount for one. */
async function isSameFolder(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)])
  return one.ino === other.ino && one.dev === other.dev
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
