/** Random numbers of one reader: the same reader looks at the same slide in the same way in each run. */

export type Random = () => number

/** Mulberry32 (Tommy Ettinger, public domain): uniform in [0, 1). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const between = (random: Random, [low, high]: readonly [number, number]): number => low + random() * (high - low)

/** Standard normal, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Log-normal with the given median. */
export const logNormal = (random: Random, median: number, sigma: number): number =>
  median * Math.exp(sigma * normal(random))

/** An index below `count`, the i-th in proportion to 1 / (i + 1)^exponent. */
export function zipf(random: Random, count: number, exponent: number): number {
  const weights = Array.from({ length: count }, (_, i) => (i + 1) ** -exponent)
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [i, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return i
  }
  return count - 1
}
