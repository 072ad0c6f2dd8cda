import { describe, expect, it } from 'vitest'
import { type Pace, paceAfter, secondsLeft } from './pace.ts'

const EVERY = 0.5
/** Of a build whose last part of the way (`assembly`) is the work of one. */
const reading = (fraction: number, workers = 1, assembly = 0) => {
  const parts = Math.max(0, 1 - assembly - fraction)
  return { fraction, workers, parts, assembly: 1 - fraction - parts }
}

/** Readings each half second of work that takes `seconds(fraction)` for the whole at the speed of that moment. */
function run(until: number, speed: (second: number) => number): { pace: Pace; total: number; errors: number[] } {
  let pace: Pace = { fraction: 0, perSecond: null, workers: 1 }
  let fraction = 0
  let total = 0
  const errors: number[] = []
  while (fraction < until) {
    fraction += EVERY * speed(total)
    total += EVERY
    pace = paceAfter(pace, reading(fraction), EVERY, total)
    const left = secondsLeft(pace, reading(fraction), total)
    if (left !== undefined) errors.push(left - (1 - fraction) / speed(total))
  }
  return { pace, total, errors }
}

describe('time left', () => {
  it('is right when the pace is even, and not told in the first moments', () => {
    const { errors } = run(0.95, () => 1 / 60)
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1)
    const first = paceAfter({ fraction: 0, perSecond: null, workers: 1 }, reading(0.1), 1, 1)
    expect(secondsLeft(first, reading(0.1), 1)).toBeUndefined()
  })

  it('follows within half a minute when a second slide takes half of the workers', () => {
    const { pace, total } = run(0.75, second => (second < 30 ? 1 / 60 : 1 / 120))
    const left = secondsLeft(pace, reading(pace.fraction), total)!
    expect(left / ((1 - pace.fraction) * 120)).toBeGreaterThan(0.8)
  })

  it('knows that the end is the work of one, however many there are', () => {
    const [workers, alone, assembly] = [4, 1 / 120, 0.2]
    const end = (1 - assembly) / (workers * alone) + assembly / alone
    let pace: Pace = { fraction: 0, perSecond: null, workers }
    const shares: number[] = []
    for (let total = EVERY, fraction = 0; total < end - 3; total += EVERY) {
      const atWork = fraction < 1 - assembly ? workers : 1
      fraction += EVERY * atWork * alone
      pace = paceAfter(pace, reading(fraction, atWork, assembly), EVERY, total)
      const left = secondsLeft(pace, reading(fraction, atWork, assembly), total)
      if (left !== undefined) shares.push(left / (end - total))
    }
    expect(Math.min(...shares)).toBeGreaterThan(0.9)
    expect(Math.max(...shares)).toBeLessThan(1.1)
  })

  it('a part that is begun anew does not turn the clock back', () => {
    const before: Pace = { fraction: 0.5, perSecond: 0.01, workers: 1 }
    const after = paceAfter(before, reading(0.4), 1, 50)
    expect(after.fraction).toBe(0.5)
    expect(after.perSecond!).toBeLessThan(0.01)
    expect(secondsLeft({ ...before, perSecond: 0 }, reading(0.5), 50)).toBeUndefined()
  })
})
