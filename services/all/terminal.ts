/** What a person who runs Coverslip in a terminal reads: where it is and how to sign in. The log goes to a file. */
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { config } from '@coverslip/access/config.ts'
import { dataFolder, type Environment } from '@coverslip/cli/connection.ts'
import type { Screen } from '@coverslip/cli/progress.ts'
import type { System } from '@coverslip/platform/run.ts'

export interface TerminalSettings {
  environment: Environment
  data: string
  /** Empty: the log goes to standard output. */
  logFile: string
  /** How long the log was before this start. */
  logStart: number
}

/** The process' environment; the log goes to `log/coverslip.jsonl` in the data folder unless LOG_FILE is set. */
export async function terminalSettings(environment: Environment): Promise<TerminalSettings> {
  const data = dataFolder(environment)
  const logFile = environment.LOG_FILE ?? join(data, 'log/coverslip.jsonl')
  const logStart = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  )
  return { environment: { ...environment, LOG_FILE: logFile }, data, logFile, logStart }
}

/** A slide is not looked at by anybody before others see it: whoever runs such a system has to know. */
const GATE_IS_OFF =
  '! The human gate is off (REVIEW_GATE=off): slides are released without anybody having looked at them.\n' +
  '  For slides of patients set REVIEW_GATE=on.\n'

export async function welcome(system: System, settings: TerminalSettings, screen: Screen): Promise<void> {
  const link = await signInLink(settings)
  screen.write(`\nCoverslip is at ${system.publicUrl}\n`)
  if (link) screen.write(`Sign in, once, by ${link}\n`)
  else if (settings.logFile) screen.write(signInHint(settings))
  screen.write(`The owner's API token is in ${join(settings.data, 'owner-token')}`)
  screen.write(settings.logFile ? `, the log in ${settings.logFile}\n` : '\n')
  if (settings.environment.REVIEW_GATE === 'off') screen.write(GATE_IS_OFF)
  screen.write('Ctrl-C stops it.\n\n')
}

/** The owner is signed in already, perhaps in a browser that is not at hand. */
function signInHint({ environment }: TerminalSettings): string {
  const email = environment.OWNER_EMAIL ?? config.OWNER_EMAIL.default
  const where = environment.SMTP_URL ? 'is mailed' : 'appears in the log'
  return `To sign in from another browser, ask there for a link as ${email}; it ${where}\n`
}

/**
 * The owner's one-time sign-in link. The service of accounts writes it to its log and nowhere else; a person who starts
 * Coverslip should not have to look for it there.
 */
async function signInLink({ logFile, logStart }: TerminalSettings): Promise<string | undefined> {
  if (!logFile) return undefined
  // Lines reach the file a moment after they were written; `ready` is the last one of a start.
  for (const until = Date.now() + 2000; Date.now() < until; await sleep(50)) {
    const events = (await readFrom(logFile, logStart)).split('\n').flatMap(parseLine)
    if (events.some(({ msg }) => msg === 'ready')) return events.findLast(({ link }) => link !== undefined)?.link
  }
  return undefined
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path).catch(() => undefined)
  if (!file) return ''
  try {
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.max(0, size - start))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
    return bytes.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

function parseLine(line: string): { msg?: string; link?: string }[] {
  try {
    return [JSON.parse(line)]
  } catch {
    // The last line may be half written.
    return []
  }
}
