import { describe, expect, it } from 'vitest'
import { readPlace, writePlace } from './deep-link.ts'

describe('deep link', () => {
  it('round trips', () => {
    expect(writePlace({ x: 1200.4, y: 800, resolution: 8 })).toBe('?x=1200&y=800&zoom=-3')
    expect(readPlace('?x=1200&y=800&zoom=-3')).toEqual({ x: 1200, y: 800, resolution: 8 })
  })
  it('ignores what is no place', () => {
    for (const search of [
      '',
      '?x=1&y=2',
      '?x=1&y=a&zoom=0',
      '?x=1&y=&zoom=0',
      '?x=1&y=1&zoom=1e9',
      '?x=NaN&y=1&zoom=1',
    ])
      expect(readPlace(search)).toBeNull()
  })
})
