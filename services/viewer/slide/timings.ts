/** How long somebody waits for pictures: until the first screen of a slide is complete, and after each move. */
import { LONGEST_WAIT_MS, MOST_TIMINGS } from '@coverslip/proto/api/timing-limits.ts'
import type { Timing } from '@coverslip/proto/api/timings.ts'
import type OlMap from 'ol/Map.js'

export interface Waits {
  /** The view began to move. */
  moving(): void
  /** The view came to rest. */
  resting(): void
  /** Everything that the screen wants is drawn. */
  complete(): void
  /** The page is hidden: a browser draws nothing now, and nobody waits. */
  hidden(): void
  /** The page goes. */
  left(): void
  /** What was measured since the last call. */
  take(): Timing[]
}

type Rendition = Timing['rendition']

/**
 * @param since when the slide was asked for
 * @param now milliseconds of the same clock
 */
export function createWaits(since: number, rendition: () => Rendition, now: () => number): Waits {
  let timings: Timing[] = []
  let waiting: { what: Timing['what']; from: number } | undefined = { what: 'first-view', from: since }

  function end(outcome: Timing['outcome']): void {
    if (!waiting) return
    const milliseconds = Math.min(LONGEST_WAIT_MS, Math.max(0, Math.round(now() - waiting.from)))
    if (timings.length < MOST_TIMINGS)
      timings.push({ what: waiting.what, milliseconds, outcome, rendition: rendition() })
    waiting = undefined
  }

  return {
    // The first screen is waited for wherever it is.
    moving: () => waiting?.what === 'viewport' && end('left'),
    resting() {
      waiting ??= { what: 'viewport', from: now() }
    },
    complete: () => end('complete'),
    hidden() {
      waiting = undefined
    },
    left: () => end('left'),
    take() {
      const taken = timings
      timings = []
      return taken
    },
  }
}

const EVERY_MS = 30_000

/** Measures on the map and tells the server now and then, and when the page goes. @returns how to end it */
export function tellTimings(map: OlMap, since: number, rendition: () => Rendition): () => void {
  const waits = createWaits(since, rendition, () => performance.now())
  const tell = (): void => {
    const timings = waits.take()
    if (timings.length === 0) return
    const headers = { 'content-type': 'application/json' }
    // It outlives the page. Whether it arrives matters to nobody here.
    fetch('/api/viewer-timings', { method: 'POST', headers, body: JSON.stringify({ timings }), keepalive: true }).catch(
      () => {},
    )
  }
  const timer = setInterval(tell, EVERY_MS)
  const onHide = (): void => {
    if (document.hidden) waits.hidden()
  }
  const onLeave = (): void => {
    waits.left()
    tell()
  }
  if (document.hidden) waits.hidden()
  map.on('movestart', waits.moving)
  map.on('moveend', waits.resting)
  map.on('rendercomplete', waits.complete)
  document.addEventListener('visibilitychange', onHide)
  addEventListener('pagehide', onLeave)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', onHide)
    removeEventListener('pagehide', onLeave)
    onLeave()
  }
}
