const INTERVAL_MS = 1000
const REMEMBERED = 1000

/**
 * Lets through at most one signal of progress per slide and second: every process hears each signal, and the database
 * need not.
 * @param now milliseconds of any monotonic clock
 */
export function progressThrottle(now: () => number): (slideId: string) => boolean {
  const last = new Map<string, number>()
  return slideId => {
    const before = last.get(slideId)
    if (before !== undefined && now() - before < INTERVAL_MS) return false
    last.delete(slideId)
    last.set(slideId, now())
    // A Map keeps the order of insertion: the first is the slide that was silent for longest.
    if (last.size > REMEMBERED) last.delete(last.keys().next().value!)
    return true
  }
}
