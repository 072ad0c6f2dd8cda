import type { KeyObject } from 'node:crypto'
import { type Command, Option } from 'commander'
import { type Common, type Context, tell, withProgress } from '../context.ts'
import { type Choices, datesFrom, SIDES } from '../deidentify-choices.ts'
import { openKeys, plan, readKey, readKnown, run, type Verified, verify } from '../deidentify-files.ts'
import { openOutput } from '../deidentify-output.ts'
import { CliError, EXIT, PartialFailure, toCliError } from '../errors.ts'
import type { Progress } from '../progress.ts'
import { sizeText } from '../slides.ts'
import { findSlides } from '../sources.ts'

interface Own extends Common, Choices {
  plan?: boolean
  run?: boolean
  output?: string
  verify?: string
  known?: string
  key?: string
}

/** What is told of one file: the line, and whether it is clean. */
interface Told {
  line: object
  text: string
  clean: boolean
}

const EXPLAINED = `
A result gets a random name; which file became which is told here and written nowhere. Beside it lie the signed report
(.deidentification.json) and the same as a page (.deidentification.html). Its format stays where that can be done (SVS,
TIFF, NDPI, MRXS); other formats become a pyramid of their pixels. Removed is what names a patient; tissue itself can
be recognised, so a result is de-identified, not anonymous.

The picture of the whole glass stays with --keep-macro, blank at the end that is named (SVS, NDPI, MRXS), the thumbnail
with --keep-thumbnail where it shows no ink and nothing that the levels do not show (SVS); of dates the year or another
day stay with --dates. --verify allows what was chosen: by the same options, or by the report beside the
result when that is genuine. Whose reports are genuine says --key (of a server: GET /api/deidentification/key).

Exit codes: 0 clean: nothing to remove (--plan), every result proven (--run), every check passed (--verify); 1 not clean,
or something failed; 2 wrong usage`

export function addDeidentify(program: Command, context: Context): void {
  program
    .command('deidentify')
    .description('remove what identifies the patient from slide files, without any server')
    .argument('<file...>', 'slide files, or folders of them; with --verify one result')
    .addOption(new Option('--plan', 'tell what would be removed; write nothing').conflicts(['run', 'verify', 'output']))
    .addOption(new Option('--run', 'write proven results into the folder of --output').conflicts(['verify']))
    .option('--output <dir>', 'the folder for results; no input may lie in it')
    .option('--verify <original>', 'prove a result against its original')
    .addOption(
      new Option('--keep-macro <side>', 'keep the macro but for the end where the label is (default: it goes)').choices(
        SIDES,
      ),
    )
    .option('--keep-thumbnail', 'keep the thumbnail where it shows no more than the levels (default: it goes)')
    .option('--dates <policy>', 'what stays of dates: remove, year, or shift:DAYS (default: remove)', datesFrom)
    .addOption(
      new Option('--key <pem>', 'with --verify: the public key that the report must be signed with').conflicts([
        'plan',
        'run',
      ]),
    )
    .option('--known <textfile>', 'names and numbers that must not be left, one a line')
    .addHelpText('after', EXPLAINED)
    .action(async (files: string[], _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Own>()
      const work = await workOf(files, options, context)
      const { slides, unusable } = await findSlides(files)
      await withProgress(context, options, async progress => {
        let clean = unusable.length === 0
        for (const { path, reason } of unusable) tell(context, options, failure(path, reason), `${path}: ${reason}`)
        for (const { path } of slides) {
          const told = await attempt(path, progress, context.signal, work)
          tell(context, options, told.line, told.text)
          clean &&= told.clean
        }
        if (!clean) throw new PartialFailure('not-clean', 'Not every file is clean')
      })
    })
}

type Work = (path: string, progress: Progress) => Promise<Told>

const failure = (file: string, reason: string, code = 'failed') => ({ file, clean: false, reason, code })

/** One file that fails does not stop the others; a stop does. */
async function attempt(path: string, progress: Progress, signal: AbortSignal, work: Work): Promise<Told> {
  try {
    return await work(path, progress)
  } catch (error) {
    signal.throwIfAborted()
    const { message, code } = toCliError(error)
    progress.done(path, 'failed')
    return { line: failure(path, message, code), text: `${path}: ${message}`, clean: false }
  }
}

/** What is to be done with each file. @throws CliError for options that do not go together */
async function workOf(files: readonly string[], options: Own, context: Context): Promise<Work> {
  const { signal, environment } = context
  const wrong = (message: string) => new CliError('usage', message, EXIT.usage)
  const { keepMacro, keepThumbnail, dates } = options
  const choices = { keepMacro, keepThumbnail, dates }
  if (options.plan) return planOne(choices, signal)
  if (options.run) {
    if (options.output === undefined) throw wrong('--run needs --output DIR')
    const { slides } = await findSlides(files)
    const folder = await openOutput(
      options.output,
      slides.map(({ path }) => path),
    )
    return runOne(folder, await openKeys(environment), { known: await readKnown(options.known), choices, signal })
  }
  if (options.verify === undefined) throw wrong('Say what to do: --plan, --run --output DIR, or --verify ORIGINAL')
  if (files.length > 1) throw wrong('--verify proves one result')
  const given = options.key !== undefined
  const key = given ? await readKey(options.key!) : (await openKeys(environment)).signing
  return verifyOne(options.verify, { key, given }, { known: await readKnown(options.known), choices, signal })
}

const planOne =
  (choices: Choices, signal: AbortSignal): Work =>
  async file => {
    const { format, method, removed } = await plan(file, choices, signal)
    const clean = method === 'in-place' && removed.length === 0
    const how =
      method === 'in-place' ? `${format}, keeps its format` : `${format}, becomes a pyramid: its format cannot be kept`
    const rows = removed.map(({ place, kind, name, length, count }) => {
      const times = count > 1 ? ` x ${count}` : ''
      return `  ${place}: ${kind} ${name}${times}, ${sizeText(length)}`
    })
    const text = [`${file} (${how}): ${clean ? 'nothing to remove' : `${removed.length} to remove`}`, ...rows].join(
      '\n',
    )
    return { line: { file, format, method, clean, removed }, text, clean }
  }

const runOne =
  (folder: string, keys: Awaited<ReturnType<typeof openKeys>>, options: Parameters<typeof run>[3]): Work =>
  async (file, progress) => {
    const onProgress = (fraction: number): void => progress.step(file, 'de-identifying', fraction)
    progress.step(file, 'de-identifying')
    const { name, rendition, result, removed, bytes } = await run(file, folder, keys, { ...options, onProgress })
    progress.done(file, 'proven')
    const how = rendition === 'original' ? '' : ', as a pyramid: its format cannot be kept'
    const text = `${file} -> ${result}: ${removed} removed, proven, ${sizeText(bytes)}${how}`
    return { line: { file, name, result, rendition, removed, bytes, clean: true }, text, clean: true }
  }

const REPORTS: Readonly<Record<Verified['report'], string>> = {
  genuine: 'genuine',
  'not genuine': 'not genuine: it is not as it was signed, or it is about other files',
  'of another key': 'signed with another key',
  none: 'none lies beside the result',
}

/** @param key.given whether somebody asked for reports signed with it: then there must be one */
const verifyOne =
  (original: string, { key, given }: { key: KeyObject; given: boolean }, options: Parameters<typeof verify>[3]): Work =>
  async file => {
    const { checks, report } = await verify(file, original, key, options)
    const signed = given ? report === 'genuine' : report !== 'not genuine'
    const clean = signed && checks.every(({ passed }) => passed)
    const rows = checks.map(({ holds, passed }) => `  ${passed ? 'yes' : 'NO '}  ${holds}`)
    const text = [`${file}: ${clean ? 'clean' : 'not clean'}`, ...rows, `  report: ${REPORTS[report]}`].join('\n')
    const reason = signed ? {} : { reason: `The report is ${report === 'none' ? 'missing' : REPORTS[report]}` }
    return { line: { file, clean, checks, report, ...reason }, text, clean }
  }
