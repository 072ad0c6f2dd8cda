import { expect, it } from 'vitest'
import { signInLimit, tokenBuckets } from './rate-limit.ts'

it('lets a burst through, then as many as flow in', () => {
  let now = 0
  const take = tokenBuckets({ burst: 3, perSecond: 2 }, () => now)
  expect([take('a'), take('a'), take('a'), take('a'), take('b')]).toEqual([true, true, true, false, true])
  now = 499
  expect(take('a')).toBe(false)
  now = 1100
  expect([take('a'), take('a'), take('a')]).toEqual([true, true, false])
  now = 1_000_000
  expect([take('a'), take('a'), take('a'), take('a')]).toEqual([true, true, true, false])
})

it('limits each address, and all together', () => {
  const limit = signInLimit(() => 0)
  for (let i = 0; i < 30; i++) limit('10.0.0.1')
  expect(() => limit('10.0.0.1')).toThrow(expect.objectContaining({ code: 'too-many' }))
  for (let i = 0; i < 270; i++) limit(`10.1.0.${i}`)
  expect(() => limit('10.2.0.1')).toThrow(expect.objectContaining({ code: 'too-many' }))
})
