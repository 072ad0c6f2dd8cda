/** Plain readers for tests of endurance: tiles in random order, each answer compared with what it must be. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Tally {
  good: number
  /** Another picture than before the trouble: must be none. */
  wrong: number
  /** By status, or `no answer`. */
  failed: Record<string, number>
  /** Milliseconds of good answers. */
  times: number[]
  /** When good answers came, ms of performance.now(). */
  goodAt: number[]
}

export const digestOf = (bytes: ArrayBuffer): string => createHash('sha256').update(Buffer.from(bytes)).digest('base64')

/** Asks for random paths until the signal, `atOnce` at a time. */
export async function keepReading(
  given: {
    url: string
    token: string
    paths: string[]
    expected: Map<string, string>
    atOnce: number
    random: () => number
  },
  signal: AbortSignal,
): Promise<Tally> {
  const tally: Tally = { good: 0, wrong: 0, failed: {}, times: [], goodAt: [] }
  const headers = { authorization: `Bearer ${given.token}` }
  const readOne = async (): Promise<void> => {
    const path = given.paths[Math.floor(given.random() * given.paths.length)]!
    const begun = performance.now()
    try {
      const answer = await fetch(given.url + path, { headers, signal: AbortSignal.timeout(15_000) })
      const bytes = await answer.arrayBuffer()
      if (answer.status !== 200) return count(tally.failed, String(answer.status))
      if (digestOf(bytes) !== given.expected.get(path)) tally.wrong += 1
      else tally.good += 1
      tally.times.push(performance.now() - begun)
      tally.goodAt.push(performance.now())
    } catch {
      count(tally.failed, 'no answer')
      // A server that is down refuses at once; a reader does not ask a thousand times a second.
      await sleep(50)
    }
  }
  const reader = async (): Promise<void> => {
    while (!signal.aborted) await readOne()
  }
  await Promise.all(Array.from({ length: given.atOnce }, reader))
  return tally
}

function count(failed: Record<string, number>, what: string): void {
  failed[what] = (failed[what] ?? 0) + 1
}
