import { expect, test } from 'vitest'
import { mustBePerson, mustHaveSameWay } from './person.ts'

const now = Date.UTC(2026, 0, 31)
const DAY = 86_400_000
const own = { ownLink: true, site: 'onprem' }
const since = (days: number) => new Date(now - days * DAY)

test('somebody with a link of their own and an account of some age is a person', () => {
  expect(() => mustBePerson({ ...own, accountSince: since(7) }, 'onprem', 7 * DAY, now)).not.toThrow()
  expect(() => mustBePerson({ ...own, accountSince: since(0) }, 'onprem', 0, now)).not.toThrow()
})

test.each([
  ['a link that somebody gave them', { ...own, ownLink: false, accountSince: since(100) }, 'link of their own'],
  ['a fresh account', { ...own, accountSince: since(6.9) }, '7 days'],
  ['an account of unknown age', { ...own, accountSince: undefined }, '7 days'],
  ['an account of another site', { ...own, site: 'cloud', accountSince: since(100) }, 'of this site'],
  ['an account of nobody knows where', { ...own, site: undefined, accountSince: since(100) }, 'of this site'],
])('somebody with %s is not', (_who, caller, why) => {
  expect(() => mustBePerson(caller, 'onprem', 7 * DAY, now)).toThrow(why)
})

test('a short time is told in hours', () => {
  expect(() => mustBePerson({ ...own, accountSince: since(0) }, 'onprem', 90 * 60_000, now)).toThrow('2 hours')
})

test('two links and two people of one provider are told apart, a mixture is not', () => {
  expect(() => mustHaveSameWay(null, undefined)).not.toThrow()
  expect(() => mustHaveSameWay('https://idp.example', 'https://idp.example')).not.toThrow()
  expect(() => mustHaveSameWay(null, 'https://idp.example')).toThrow('by a link of your own')
  expect(() => mustHaveSameWay('https://idp.example', undefined)).toThrow('at the same provider')
  expect(() => mustHaveSameWay('https://idp.example', 'https://other.example')).toThrow('at the same provider')
})
