import { type Command, InvalidArgumentError } from 'commander'
import { createBoard } from '../board.ts'
import { type Connection, connectionFrom } from '../connection.ts'
import { type Common, type Context, withProgress } from '../context.ts'
import { PartialFailure } from '../errors.ts'
import { type IngestResult, ingest, resultText, sendSlide, waitFor } from '../ingest.ts'
import type { Progress } from '../progress.ts'
import type { SlideSource } from '../sources.ts'
import { manifestFacts, sendManifest } from '../subjects.ts'
import { ledgerPath, openLedger, watch } from '../watch.ts'
import { refuseQuietly } from './subjects.ts'

interface Options extends Common {
  wait?: boolean
  watch?: boolean
  project?: string
  manifest?: string
  settle: number
}

export function addIngest(program: Command, context: Context): void {
  program
    .command('ingest')
    .description(
      'send slides: files, folders (searched to any depth), MRXS with their folders, slides with their annotations',
    )
    .argument('<files...>', 'files and folders')
    .option('--wait', 'wait until each slide is ready, already there, or failed')
    .option('--watch', 'keep watching the folders; take each slide when it has stopped growing')
    .option('--project <name>', 'the project that the slides belong to')
    .option('--manifest <file>', 'first send this manifest (CSV): whose material the slides are')
    .option('--settle <seconds>', 'with --watch: how long a slide must not have changed', seconds, 10)
    .action(async (files: string[], _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const connection = await connectionFrom(context.environment)
      if (options.manifest !== undefined) await announceSlides(context, connection, options.manifest, options.project)
      const work = options.watch ? watchFiles : ingestFiles
      await withProgress(context, options, progress => work(context, connection, files, options, progress))
    })
}

/** Nothing is sent while a line is wrong: its slide would come in as somebody unknown's. */
async function announceSlides(
  context: Context,
  connection: Connection,
  path: string,
  project: string | undefined,
): Promise<void> {
  const result = await sendManifest(connection, path, project)
  for (const fact of manifestFacts(result)) context.screen.write(`manifest: ${fact}\n`)
  refuseQuietly(result)
}

async function ingestFiles(
  context: Context,
  connection: Connection,
  files: string[],
  options: Options,
  progress: Progress,
): Promise<void> {
  const results = await ingest(connection, files, {
    project: options.project,
    wait: options.wait ?? false,
    signal: context.signal,
    environment: context.environment,
    progress,
    onResult: result => print(context, options, result),
  })
  const failed = results.filter(({ state }) => state === 'failed').length
  if (failed > 0) throw new PartialFailure('ingest-failed', `${failed} of ${results.length} slides did not make it`)
}

async function watchFiles(
  context: Context,
  connection: Connection,
  files: string[],
  options: Options,
  progress: Progress,
): Promise<void> {
  const { signal, environment } = context
  const report = (result: IngestResult): void => {
    progress.done(result.file, resultText(result))
    print(context, options, result)
  }
  const board = createBoard(connection, { signal })
  const send = { project: options.project, signal, progress, environment }
  const take = async (slide: SlideSource): Promise<boolean> => {
    const sent = await sendSlide(connection, slide, send).catch((error: unknown): IngestResult => {
      if (signal.aborted) throw error
      return { file: slide.path, state: 'failed', reason: (error as Error).message }
    })
    if (sent.state !== 'failed' && options.wait) void waitFor(board, sent, send).then(report, () => {})
    else report(sent)
    return sent.state !== 'failed'
  }
  progress.say(`watching ${files.join(', ')}; Ctrl-C ends it`)
  const ledger = await openLedger(ledgerPath(environment, connection.intakeUrl))
  await watch(files, {
    settleMs: options.settle * 1000,
    pollMs: Math.min(2000, Math.max(200, options.settle * 500)),
    signal,
    ledger,
    take,
    onUnusable: (path, reason) => report({ file: path, state: 'failed', reason }),
  })
}

/** The outcome for scripts and pipes; a person has read it among the progress already. */
function print(context: Context, options: Options, result: IngestResult): void {
  const { id, file, state, reason } = result
  if (options.json) context.out.write(`${JSON.stringify({ id: id ?? null, state, reason, file })}\n`)
  else if (id !== undefined) context.out.write(`${id}\n`)
}

function seconds(value: string): number {
  const number = Number(value)
  if (value.trim() !== '' && number >= 0 && number <= 86_400) return number
  throw new InvalidArgumentError('expected seconds from 0 to 86400')
}
