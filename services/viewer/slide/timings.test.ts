import { expect, test } from 'vitest'
import { createWaits } from './timings.ts'

function scene() {
  const clock = { now: 1000 }
  const waits = createWaits(
    0,
    () => 'pyramid',
    () => clock.now,
  )
  return {
    clock,
    waits,
    seen: () => waits.take().map(({ what, milliseconds, outcome }) => [what, milliseconds, outcome]),
  }
}

test('the first view ends with the first complete screen, however often the view moves before', () => {
  const { clock, waits, seen } = scene()
  waits.resting()
  waits.moving()
  waits.resting()
  clock.now = 1800
  waits.complete()
  waits.complete()
  expect(seen()).toEqual([['first-view', 1800, 'complete']])
  expect(seen()).toEqual([])
})

test('after it each rest of the view is waited for, until the screen is complete or the view moves on', () => {
  const { clock, waits, seen } = scene()
  waits.complete()
  waits.take()
  waits.moving()
  waits.resting()
  clock.now += 120
  waits.complete()
  waits.moving()
  waits.resting()
  clock.now += 40
  waits.moving()
  waits.complete()
  expect(seen()).toEqual([
    ['viewport', 120, 'complete'],
    ['viewport', 40, 'left'],
  ])
})

test('who goes away before the first screen is complete has waited; who looks elsewhere has not', () => {
  const gone = scene()
  gone.waits.left()
  expect(gone.seen()).toEqual([['first-view', 1000, 'left']])
  const elsewhere = scene()
  elsewhere.waits.hidden()
  elsewhere.waits.complete()
  expect(elsewhere.seen()).toEqual([])
})

test('no more is kept than may be told at once, and no longer wait', () => {
  const { clock, waits } = scene()
  clock.now = 1e9
  for (let i = 0; i < 150; i += 1) {
    waits.complete()
    waits.resting()
  }
  const taken = waits.take()
  expect(taken).toHaveLength(100)
  expect(taken[0]!.milliseconds).toBe(600_000)
})
