/**
 * Load tests by k6: people who look at slides. One command starts the single process, makes slides, lets readers in and
 * writes a report; with an address, a token and slides the same scenarios run against any Coverslip.
 *
 *   node loadtest/run.ts [SCENARIO…] [--full] [--output DIR] [--make N]
 *                           [--url URL --token-file FILE --slides ID,ID…]
 *
 * Needs k6 2 on PATH (https://k6.io). Ends with 1 when a threshold was missed.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findProgram } from '@coverslip/platform/testing/process.ts'
import { writeSyntheticSlide } from '@coverslip/wsi/synthetic/index.ts'
import { clientOf } from '../services/e2e/client.ts'
import { startSingle } from '../services/e2e/single.ts'
import { letReadersIn } from './readers.ts'
import { type Measured, writeReport } from './report/report.ts'
import { watchProcess } from './report/samples.ts'

const SCENARIOS = ['one-reader', 'class', 'tumour-board', 'annotators-day', 'campaign', 'cold-morning', 'spike']
/** Slides of a small run: enough that readers meet and part. */
const MADE = { count: '12', width: 8_000, height: 6_000 }

/** Where the readers go. */
interface Target {
  url: string
  token: string
  slides: string[]
  /** Of the process that serves tiles, when it runs here. */
  pid?: () => number
  /** Forgets what is warm. */
  chill?(): Promise<void>
  stop(): Promise<void>
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    output: { type: 'string' },
    make: { type: 'string', default: MADE.count },
    url: { type: 'string' },
    'token-file': { type: 'string' },
    slides: { type: 'string' },
  },
})
const scenarios = positionals.length > 0 ? positionals : SCENARIOS
const unknown = scenarios.filter(name => !SCENARIOS.includes(name))
if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(', ')}; there are ${SCENARIOS.join(', ')}`)
const k6 = findProgram('k6')
if (!k6) throw new Error('k6 is not on PATH; get version 2 from https://k6.io')

const target = values.url ? await givenTarget(values.url) : await madeTarget()
try {
  const folder = values.output ?? (await mkdtemp(join(tmpdir(), 'coverslip-load-')))
  const runs: Measured[] = []
  for (const scenario of scenarios) runs.push(await runScenario(k6, scenario, target))
  const about = `${values.full ? 'Full' : 'Small'} size, ${target.slides.length} slides, against ${values.url ?? 'one process on this machine, k6 beside it'}.`
  const report = await writeReport(folder, about, runs)
  console.log(await readFile(report, 'utf8'))
  console.log(`report: ${report}`)
  if (runs.some(({ outcome }) => Object.values(outcome.thresholds).includes(false))) process.exitCode = 1
} finally {
  await target.stop()
}

async function givenTarget(url: string): Promise<Target> {
  const file = values['token-file']
  if (!file || !values.slides) throw new Error('--url needs --token-file and --slides')
  const token = (await readFile(file, 'utf8')).trim()
  return { url, token, slides: values.slides.split(','), stop: async () => {} }
}

/** The single process with slides of its own. */
async function madeTarget(): Promise<Target> {
  const shape = await startSingle()
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-slides-'))
  try {
    const client = clientOf(shape)
    const slides: string[] = []
    for (let i = 0; i < Number(values.make); i += 1) {
      const path = join(folder, 'slide.svs')
      await writeSyntheticSlide(path, { width: MADE.width, height: MADE.height, seed: i + 1 })
      slides.push(await client.upload([{ name: `slide-${i}.svs`, bytes: await readFile(path) }]))
      await client.until(slides.at(-1)!, 'ready', 300)
    }
    const { url, token } = shape
    return { url, token, slides, pid: () => shape.pid('all'), chill: () => shape.restart('all'), stop: shape.stop }
  } catch (error) {
    await shape.stop()
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runScenario(program: string, scenario: string, { pid, chill, ...target }: Target): Promise<Measured> {
  if (scenario === 'cold-morning') await chill?.()
  const watching = new AbortController()
  const samples = pid ? watchProcess(pid, watching.signal) : Promise.resolve([])
  try {
    const outcome = await letReadersIn(program, scenario, { ...target, full: values.full })
    watching.abort()
    return { outcome, samples: await samples }
  } finally {
    watching.abort()
  }
}
