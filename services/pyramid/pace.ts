/** How fast a build advances, and how long it still takes. */

export interface Pace {
  /** How much is done, 0 to 1. */
  fraction: number
  /** Fraction per second, of all workers together; null until there is something to tell it by. */
  perSecond: number | null
  /** How many work at once, as a mean. */
  workers: number
}

/** What is seen of a build. */
export interface Reading {
  /** Done now. */
  fraction: number
  /** At work now. */
  workers: number
  /** Of the whole, still to be done by all workers together. */
  parts: number
  /** Of the whole, still to be done by one of them, when the parts are. */
  assembly: number
}

/** What happened longer ago hardly counts: the pace changes when workers come, go or turn to another slide. */
const MEMORY_SECONDS = 15
/** Before, the first part's opening of the slide would be taken for the pace. */
const EARLIEST_SECONDS = 2

/**
 * The pace after a further reading: the mean since the beginning at first, then one in which the last seconds weigh most.
 * A part that is begun anew takes the fraction back, which counts as standing still. From the assembly on only one works.
 * @param elapsed seconds since the last reading
 * @param total seconds since the beginning
 */
export function paceAfter(last: Pace, { fraction, workers, parts }: Reading, elapsed: number, total: number): Pace {
  const reached = Math.max(last.fraction, fraction)
  if (elapsed <= 0) return { ...last, fraction: reached }
  const weight = Math.max(1 - Math.exp(-elapsed / MEMORY_SECONDS), Math.min(1, elapsed / total))
  const mean = (before: number, now: number): number => before + weight * (now - before)
  const now = (reached - last.fraction) / elapsed
  const perSecond = last.perSecond === null ? now : mean(last.perSecond, now)
  const atWork = mean(last.workers, Math.max(1, workers))
  if (parts > 0) return { fraction: reached, perSecond, workers: atWork }
  return { fraction: reached, perSecond: perSecond / atWork, workers: 1 }
}

/** Seconds to the end; undefined where that cannot be told yet. */
export function secondsLeft(
  { perSecond, workers }: Pace,
  { parts, assembly }: Reading,
  total: number,
): number | undefined {
  if (total < EARLIEST_SECONDS || perSecond === null || perSecond <= 0) return undefined
  return (parts + assembly * workers) / perSecond
}
