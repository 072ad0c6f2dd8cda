/** One load on one server: what wrk says, and what the server's processes spent. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { requireProgram } from '@coverslip/platform/testing/process.ts'

const run = promisify(execFile)
/** Of Linux' /proc, always. */
const TICKS_PER_SECOND = 100

export interface Load {
  requestsPerSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  errors: number
  /** Microseconds of processor time of all the server's processes for one request. */
  cpu: number
}

export interface Target {
  name: string
  url: string
  /** Its first processes; those below count as well. */
  pids: number[]
  /** A wrk script that asks for what this round asks of all. */
  script(round: number): string
}

export interface LoadOptions {
  connections: number
  seconds: number
  /** Milliseconds between an answer and the connection's next request: a load below the peak. */
  delay?: number
}

export async function load(target: Target, round: number, options: LoadOptions): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-wrk-'))
  const script = join(folder, 'requests.lua')
  const pause = options.delay ? `function delay() return ${options.delay} end\n` : ''
  await writeFile(script, target.script(round) + pause)
  const common = ['-t', '1', '-c', String(options.connections), '-d', `${options.seconds}s`, '--latency']
  const before = await cpuSeconds(target.pids)
  const { stdout } = await run(requireProgram('wrk', 'wrk'), [...common, '-s', script, target.url])
  const spent = (await cpuSeconds(target.pids)) - before
  await rm(folder, { recursive: true })
  const requests = Number(/(\d+) requests in/.exec(stdout)![1])
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]),
    p50: milliseconds(stdout, '50%'),
    p99: milliseconds(stdout, '99%'),
    errors: errorsIn(stdout),
    cpu: (spent / requests) * 1e6,
  }
}

/** Answers other than 2xx and 3xx, and what broke on the way. */
function errorsIn(output: string): number {
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0')
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? []
  return broken.reduce((sum, one) => sum + Number(one), refused)
}

function milliseconds(output: string, label: string): number {
  const [, value, unit] = new RegExp(`${label}\\s+([\\d.]+)(us|ms|s)`).exec(output) ?? []
  return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's']
}

/** The process and those below it. */
async function family(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const below = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map(child => family(Number(child))),
  )
  return [pid, ...below.flat()]
}

const families = async (pids: number[]): Promise<number[]> => (await Promise.all(pids.map(family))).flat()

async function cpuSeconds(pids: number[]): Promise<number> {
  const stats = await Promise.all((await families(pids)).map(one => readFile(`/proc/${one}/stat`, 'utf8')))
  const ticks = stats.map(stat => {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND
}

/** Mebibytes that the server's processes hold. */
export async function memory(pids: number[]): Promise<number> {
  const texts = await Promise.all((await families(pids)).map(one => readFile(`/proc/${one}/status`, 'utf8')))
  return texts.reduce((sum, text) => sum + Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0), 0) / 1024
}
