/** Which tiles are traced. */
import type { IncomingMessage } from 'node:http'

export interface Sampler {
  /** Counts a tile; true for the first of each rendition in this process, then for one in so many. */
  takes(req: IncomingMessage, rendition: object): boolean
}

/**
 * A request that the hot path counted and left to the ordinary way because it is to be traced is not counted twice.
 * @param every one tile in so many
 */
export function createSampler(every: number): Sampler {
  const seen = new WeakSet<object>()
  let count = 0
  let taken: IncomingMessage | undefined
  return {
    takes(req, rendition) {
      if (taken === req) {
        taken = undefined
        return true
      }
      count += 1
      if (count < every && seen.has(rendition)) return false
      if (count >= every) count = 0
      seen.add(rendition)
      taken = req
      return true
    },
  }
}
