/** Which tiles are traced. */

export interface Sampler {
  /** Counts a tile that is answered now; true for the first of each rendition in this process, then for one in so many. */
  takes(rendition: object): boolean
}

/** @param every one tile in so many */
export function createSampler(every: number): Sampler {
  const seen = new WeakSet<object>()
  let count = 0
  return {
    takes(rendition) {
      count += 1
      if (count < every && seen.has(rendition)) return false
      if (count >= every) count = 0
      seen.add(rendition)
      return true
    },
  }
}
