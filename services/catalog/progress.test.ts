import { expect, it } from 'vitest'
import { progressThrottle } from './progress.ts'

it('lets one signal per slide and second through', () => {
  let now = 0
  const passes = progressThrottle(() => now)
  expect([passes('a'), passes('a'), passes('b')]).toEqual([true, false, true])
  now = 999
  expect(passes('a')).toBe(false)
  now = 1000
  expect([passes('a'), passes('a')]).toEqual([true, false])
})

it('forgets the slides that were silent for longest', () => {
  const passes = progressThrottle(() => 0)
  passes('first')
  for (let i = 0; i < 1000; i++) passes(`slide-${i}`)
  expect(passes('first')).toBe(true)
})
