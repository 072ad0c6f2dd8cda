import { expect, test } from 'vitest'
import { mustBePerson } from './person.ts'

const now = Date.UTC(2026, 0, 31)
const DAY = 86_400_000
const since = (days: number) => new Date(now - days * DAY)

test('somebody with a link of their own and an account of some age is a person', () => {
  expect(() => mustBePerson({ ownLink: true, accountSince: since(7) }, 7 * DAY, now)).not.toThrow()
  expect(() => mustBePerson({ ownLink: true, accountSince: since(0) }, 0, now)).not.toThrow()
})

test.each([
  ['a link that somebody gave them', { ownLink: false, accountSince: since(100) }, 'link of their own'],
  ['a fresh account', { ownLink: true, accountSince: since(6.9) }, '7 days'],
  ['an account of unknown age', { ownLink: true, accountSince: undefined }, '7 days'],
])('somebody with %s is not', (_who, caller, why) => {
  expect(() => mustBePerson(caller, 7 * DAY, now)).toThrow(why)
})

test('a short time is told in hours', () => {
  expect(() => mustBePerson({ ownLink: true, accountSince: since(0) }, 90 * 60_000, now)).toThrow('2 hours')
})
