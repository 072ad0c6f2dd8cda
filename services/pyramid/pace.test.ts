import { describe, expect, it } from 'vitest'
import { type Pace, paceAfter, secondsLeft } from './pace.ts'

/** Readings each half second of work that takes `seconds(fraction)` for the whole at the speed of that moment. */
function run(until: number, speed: (second: number) => number): { pace: Pace; total: number; errors: number[] } {
  let pace: Pace = { fraction: 0, perSecond: null }
  let fraction = 0
  let total = 0
  const errors: number[] = []
  while (fraction < until) {
    fraction += 0.5 * speed(total)
    total += 0.5
    pace = paceAfter(pace, fraction, 0.5, total)
    const left = secondsLeft(pace, total)
    if (left !== undefined) errors.push(left - (1 - fraction) / speed(total))
  }
  return { pace, total, errors }
}

describe('time left', () => {
  it('is right when the pace is even, and not told in the first moments', () => {
    const { errors } = run(0.95, () => 1 / 60)
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1)
    expect(secondsLeft(paceAfter({ fraction: 0, perSecond: null }, 0.1, 1, 1), 1)).toBeUndefined()
  })

  it('follows within half a minute when a second slide takes half of the workers', () => {
    const { pace, total } = run(0.75, second => (second < 30 ? 1 / 60 : 1 / 120))
    expect(secondsLeft(pace, total)! / ((1 - pace.fraction) * 120)).toBeGreaterThan(0.8)
  })

  it('a part that is begun anew does not turn the clock back', () => {
    const before: Pace = { fraction: 0.5, perSecond: 0.01 }
    const after = paceAfter(before, 0.4, 1, 50)
    expect(after.fraction).toBe(0.5)
    expect(after.perSecond!).toBeLessThan(0.01)
    expect(secondsLeft({ fraction: 0.5, perSecond: 0 }, 50)).toBeUndefined()
  })
})
