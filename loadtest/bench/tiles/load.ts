/** One load of random tiles on one server: what wrk says, and what the server's processes spent. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
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
  url: string
  /** Its first process; those below count as well. */
  pid: number
}

/**
 * @param options.delay milliseconds between an answer and the connection's next request: a load below the peak
 */
export async function load(
  target: Target,
  script: string,
  options: { connections: number; seconds: number; delay?: number },
): Promise<Load> {
  const slow = options.delay ? `${script}.${options.delay}` : script
  if (options.delay) {
    await writeFile(slow, `${await readFile(script, 'utf8')}\nfunction delay() return ${options.delay} end\n`)
  }
  const common = ['-t', '1', '-c', String(options.connections), '-d', `${options.seconds}s`, '--latency']
  const before = await cpuSeconds(target.pid)
  const { stdout } = await run(requireProgram('wrk', 'wrk'), [...common, '-s', slow, target.url])
  const spent = (await cpuSeconds(target.pid)) - before
  const requests = Number(/(\d+) requests in/.exec(stdout)![1])
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]),
    p50: milliseconds(stdout, '50%'),
    p99: milliseconds(stdout, '99%'),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? '0'),
    cpu: (spent / requests) * 1e6,
  }
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

async function cpuSeconds(pid: number): Promise<number> {
  const stats = await Promise.all((await family(pid)).map(one => readFile(`/proc/${one}/stat`, 'utf8')))
  const ticks = stats.map(stat => {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND
}

/** Mebibytes that the server's processes hold. */
export async function memory(pid: number): Promise<number> {
  const texts = await Promise.all((await family(pid)).map(one => readFile(`/proc/${one}/status`, 'utf8')))
  return texts.reduce((sum, text) => sum + Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0), 0) / 1024
}

/** A wrk script that asks for the paths in a random order that is the same every time. */
export const scriptOf = (paths: string[], token: string): string => `local paths = {${paths.map(path => `"${path}"`)}}
math.randomseed(7)
local headers = {["Authorization"] = "Bearer ${token}"}
request = function() return wrk.format("GET", paths[math.random(#paths)], headers) end
`
