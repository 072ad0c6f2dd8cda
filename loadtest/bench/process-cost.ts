/** What a command costs as a whole process. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const TIME = '/usr/bin/time'

/** Without what sharp's own libvips sets: the installed one would look for OpenSlide in the wrong place. */
function environment(): NodeJS.ProcessEnv {
  const { VIPSHOME: _, ...rest } = process.env
  return rest
}

export interface Cost {
  seconds: number
  /** CPU seconds of all threads; null without GNU time. */
  cpu: number | null
  /** Largest resident set in MiB; null without GNU time. */
  peak: number | null
}

export async function costOf(command: string, args: string[]): Promise<Cost> {
  const timed = existsSync(TIME)
  const start = performance.now()
  const { stderr } = await run(timed ? TIME : command, timed ? ['-f', 'cost %U %S %M', command, ...args] : args, {
    env: environment(),
  })
  const seconds = (performance.now() - start) / 1000
  const [, user, system, kibibytes] = /cost ([\d.]+) ([\d.]+) (\d+)/.exec(stderr) ?? []
  if (!kibibytes) return { seconds, cpu: null, peak: null }
  return { seconds, cpu: Number(user) + Number(system), peak: Number(kibibytes) / 1024 }
}

/** The run that was disturbed least. */
export const fastest = (costs: Cost[]): Cost =>
  costs.reduce((best, next) => (next.seconds < best.seconds ? next : best))
