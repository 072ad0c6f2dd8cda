import type { Writable } from 'node:stream'
import type { Environment } from './connection.ts'
import { noProgress, type Progress, progressOn, type Screen } from './progress.ts'

/** What a command is given of the process that runs it. */
export interface Context {
  environment: Environment
  /** Results: lines, or JSON lines with `--json`. */
  out: Writable
  /** Progress, hints and errors. */
  screen: Screen
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
}

/** Options that every command has. */
export interface Common {
  json?: boolean
}

/** Writes a result: the object with `--json`, the text otherwise. */
export function tell(context: Context, options: Common, result: object, text: string | readonly string[]): void {
  const lines = options.json ? [JSON.stringify(result)] : [text].flat()
  for (const line of lines) context.out.write(`${line}\n`)
}

/** With `--json` progress is shown to a person only: nothing is written where standard error is a file or a pipe. */
const progressFor = (context: Context, options: Common): Progress =>
  options.json && !context.screen.isTTY ? noProgress : progressOn(context.screen)

/** Runs work that shows progress, and leaves the terminal in order whatever happens. */
export async function withProgress<T>(
  context: Context,
  options: Common,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = progressFor(context, options)
  try {
    return await work(progress)
  } finally {
    progress.close()
  }
}
