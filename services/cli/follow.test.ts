import { expect, test } from 'vitest'
import { outcomeOf } from './follow.ts'

test('a held slide is told as held, with the rules that hold it', () => {
  const { state, reason } = outcomeOf({ state: 'held', code: 'held', reason: 'consent: there is no consent' })!
  expect(state).toBe('failed')
  expect(reason).toBe('held until the rules of the project are met: consent: there is no consent')
})

test('a slide that waits for a reviewer is on its way', () => {
  expect(outcomeOf({ state: 'review', code: null, reason: null })).toBeUndefined()
})
