/** Several servers under the same load, turn by turn, so that a noisy machine is noisy for all: the ratios count. */
import { type Load, load, memory, type Target } from './load.ts'

export interface CompareOptions {
  rounds: number
  /** Of each turn. */
  seconds: number
  connections: number
  /** Before the first round each server gets so many requests, or as many as it answers in so many seconds. */
  warm: { requests: number; seconds: number }
}

/** Loads of each target, one per round. */
export async function compare(targets: Target[], options: CompareOptions): Promise<Map<Target, Load[]>> {
  const results = new Map<Target, Load[]>(targets.map(target => [target, []]))
  for (const target of targets) await warm(target, options)
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const target of targets) results.get(target)!.push(await load(target, round, options))
  }
  return results
}

/** Code is compiled while it runs, and each process has a memory to fill. */
async function warm(target: Target, { warm: wanted, connections }: CompareOptions): Promise<void> {
  const seconds = Math.min(5, wanted.seconds)
  let requests = 0
  for (let spent = 0; requests < wanted.requests && spent < wanted.seconds; spent += seconds) {
    requests += (await load(target, -spent - 1, { connections, seconds })).requestsPerSecond * seconds
  }
}

/** Medians as a Markdown table; each target beside the reference, turn by turn. */
export async function tableOf(results: Map<Target, Load[]>, references: Target[]): Promise<string> {
  const heads = ['server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU us', 'MiB', 'errors']
  heads.push(...references.flatMap(({ name }) => [`of ${name}`, 'by CPU']))
  const rows = [heads, heads.map(() => '---')]
  for (const [target, loads] of results) rows.push(await rowOf(target, loads, references, results))
  return rows.map(cells => `| ${cells.join(' | ')} |\n`).join('')
}

async function rowOf(
  target: Target,
  loads: Load[],
  references: Target[],
  results: Map<Target, Load[]>,
): Promise<string[]> {
  const of = (what: keyof Load): number => median(loads.map(one => one[what]))
  const numbers = [of('requestsPerSecond').toFixed(0), of('p50').toFixed(2), of('p99').toFixed(2), of('cpu').toFixed(1)]
  const errors = loads.reduce((sum, one) => sum + one.errors, 0)
  const ratios = references.flatMap(reference => {
    const beside = results.get(reference)!
    return [
      median(loads.map((one, i) => one.requestsPerSecond / beside[i]!.requestsPerSecond)),
      median(loads.map((one, i) => beside[i]!.cpu / one.cpu)),
    ]
  })
  return [
    target.name,
    ...numbers,
    (await memory(target.pids)).toFixed(0),
    String(errors),
    ...ratios.map(ratio => Number(ratio.toPrecision(2)).toString()),
  ]
}

/**
 * The slowest hundredth at four fifths of the peak: wrk knows no rate, so connections pause a millisecond after each answer,
 * as many as it takes by what fewer or more of them came to; the nearest of five tries counts.
 */
export async function belowPeak(target: Target, peak: number, seconds: number): Promise<string> {
  const shareOf = (one: Load): number => one.requestsPerSecond / peak
  const distance = (one: Load): number => Math.abs(shareOf(one) - PART_OF_PEAK)
  let connections = Math.round((PART_OF_PEAK * peak) / 1000)
  const tries: { connections: number; found: Load }[] = []
  for (let attempt = 0; attempt < 5; attempt += 1) {
    connections = Math.min(64, Math.max(1, connections))
    const found = await load(target, 0, { connections, seconds, delay: 1 })
    tries.push({ connections, found })
    if (distance(found) < 0.03) break
    connections = Math.round((connections * PART_OF_PEAK) / shareOf(found))
  }
  const nearest = tries.sort((a, b) => distance(a.found) - distance(b.found))[0]!
  const share = Math.round(100 * shareOf(nearest.found))
  const how = `${nearest.connections} connections that pause a millisecond`
  return `${target.name} at ${share} % of its peak (${how}): p99 ${nearest.found.p99.toFixed(2)} ms\n`
}

const PART_OF_PEAK = 0.8

export const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
