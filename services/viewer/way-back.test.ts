import { describe, expect, it } from 'vitest'
import { keepWayBack, pageAddress, signInPage, takeWayBack } from './way-back.ts'

const ORIGIN = 'https://slides.example'
const SLIDE = '/slides/5f0c2c2e-4a53-4f5e-9c32-2b1f6d0a7e11?x=1&y=-2&zoom=-0.5'

function shelf() {
  const kept = new Map<string, string>()
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  }
}

describe('the way back after signing in', () => {
  it('leads to the slide that was asked for, once', () => {
    const kept = shelf()
    keepWayBack(new URL(signInPage(SLIDE, ORIGIN), ORIGIN).search, ORIGIN, kept, 0)
    expect(takeWayBack(ORIGIN, kept, 1000)).toBe(SLIDE)
    expect(takeWayBack(ORIGIN, kept, 1000)).toBe('/')
  })
  it('leads to the review', () => {
    expect(signInPage('/review', ORIGIN)).toBe('/sign-in?next=%2Freview')
    expect(pageAddress('/review', ORIGIN)).toBe('/review')
    expect(pageAddress('/costs', ORIGIN)).toBe('/costs')
    expect(pageAddress('/review/../api', ORIGIN)).toBeNull()
  })
  it.each([
    '/projects/liver',
    '/projects/liver/subjects',
    '/projects/liver/withdrawals/5f0c2c2e-4a53-4f5e-9c32-2b1f6d0a7e11',
  ])('leads to %s', page => expect(pageAddress(page, ORIGIN)).toBe(page))
  it('is forgotten after an hour', () => {
    const kept = shelf()
    keepWayBack(`?next=${encodeURIComponent(SLIDE)}`, ORIGIN, kept, 0)
    expect(takeWayBack(ORIGIN, kept, 3_600_001)).toBe('/')
  })
  it('leads to the list from anywhere else', () => {
    expect(signInPage('/', ORIGIN)).toBe('/sign-in')
    expect(takeWayBack(ORIGIN, { ...shelf(), getItem: () => 'not JSON' }, 0)).toBe('/')
  })
  it.each([
    null,
    '',
    'https://evil.example/slides/a',
    '//evil.example/slides/a',
    '/\\evil.example/slides/a',
    '/slides/../api/session',
    '/slides/%2e%2e/sign-in',
    '/slides/a/b',
    '/projects/',
    '/projects/liver/../../api/session',
    '/projects/%2e%2e/subjects',
    '/projects/liver/subjects/a/b',
    '/sign-in?next=/slides/a',
    'javascript:alert(1)//slides/',
  ])('never leads to %s', next => expect(pageAddress(next, ORIGIN)).toBeNull())
})
