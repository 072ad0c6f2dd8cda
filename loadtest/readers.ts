/** Readers of slides by k6, somewhere: one scenario of k6/scenarios, and what it measured. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, outcomeOf } from './report/summary.ts'

export interface Readers {
  url: string
  /** An API token that may see the slides, and draw on them where the scenario does. */
  token: string
  slides: string[]
  /** The size that the scenario's name says, instead of one that fits a minute. */
  full?: boolean
}

/**
 * @param program path of k6
 * @throws Error when k6 fails; missed thresholds are told in the outcome
 */
export async function letReadersIn(program: string, scenario: string, readers: Readers): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-k6-'))
  const summary = join(folder, 'summary.json')
  try {
    await runK6(program, scenario, {
      COVERSLIP_URL: readers.url,
      COVERSLIP_TOKEN: readers.token,
      COVERSLIP_SLIDES: readers.slides.join(','),
      COVERSLIP_SIZE: readers.full ? 'full' : 'small',
      COVERSLIP_SUMMARY: summary,
    })
    return outcomeOf(scenario, JSON.parse(await readFile(summary, 'utf8')))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** k6 ends with 99 when a threshold was missed: that is a result, not a failure. */
async function runK6(program: string, scenario: string, env: Record<string, string>): Promise<void> {
  const script = new URL(`k6/scenarios/${scenario}.ts`, import.meta.url).pathname
  // Values by the environment, not by -e: a token on a command line is for all to read.
  const args = ['run', '--quiet', '--include-system-env-vars', script]
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0 && code !== 99) throw new Error(`k6 ended with ${code}`)
}
