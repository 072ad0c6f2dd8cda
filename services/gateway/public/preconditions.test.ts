import { describe, expect, it } from 'vitest'
import { etagOf, hasVersion, versionOfIfMatch } from './preconditions.ts'

describe('If-Match', () => {
  it('names the version that the caller saw', () => {
    expect(versionOfIfMatch(etagOf(12n))).toBe(12n)
    expect(versionOfIfMatch(' "3" ')).toBe(3n)
  })
  it('takes whatever is current for *', () => expect(versionOfIfMatch('*')).toBe(0n))
  it.each([undefined, '', ' '])('is required (%j)', header => {
    expect(() => versionOfIfMatch(header)).toThrow(expect.objectContaining({ code: 'precondition-required' }))
  })
  it.each(['"0"', 'W/"3"', '3', '"three"', '"1", "2"', '"-1"', '"99999999999999999999"'])(
    'does not match %s',
    header => {
      expect(() => versionOfIfMatch(header)).toThrow(expect.objectContaining({ code: 'precondition-failed' }))
    },
  )
})

describe('If-None-Match', () => {
  it.each([
    ['"3"', true],
    ['W/"3"', true],
    ['"1", "3"', true],
    ['*', true],
    ['"2"', false],
    [undefined, false],
  ])('%j has version 3: %s', (header, has) => expect(hasVersion(header, 3n)).toBe(has))
})
