/** How fast a build advances, and how long it still takes. */

export interface Pace {
  /** How much is done, 0 to 1. */
  fraction: number
  /** Fraction per second; null until there is something to tell it by. */
  perSecond: number | null
}

/** What happened longer ago hardly counts: the pace changes when workers come, go or turn to another slide. */
const MEMORY_SECONDS = 15
/** Before, the first part's opening of the slide would be taken for the pace. */
const EARLIEST_SECONDS = 2

/**
 * The pace after a further reading: the mean since the beginning at first, then one in which the last seconds weigh most.
 * A part that is begun anew takes the fraction back, which counts as standing still.
 * @param fraction done now
 * @param elapsed seconds since the last reading
 * @param total seconds since the beginning
 */
export function paceAfter(last: Pace, fraction: number, elapsed: number, total: number): Pace {
  const reached = Math.max(last.fraction, fraction)
  if (elapsed <= 0) return { ...last, fraction: reached }
  const now = (reached - last.fraction) / elapsed
  const weight = Math.max(1 - Math.exp(-elapsed / MEMORY_SECONDS), Math.min(1, elapsed / total))
  const perSecond = last.perSecond === null ? now : last.perSecond + weight * (now - last.perSecond)
  return { fraction: reached, perSecond }
}

/** Seconds to the end; undefined where that cannot be told yet. */
export function secondsLeft({ fraction, perSecond }: Pace, total: number): number | undefined {
  if (total < EARLIEST_SECONDS || perSecond === null || perSecond <= 0) return undefined
  return (1 - fraction) / perSecond
}
