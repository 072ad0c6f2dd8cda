import { expect, test } from 'vitest'
import { subjectMatcher } from './subjects.ts'

test.each([
  ['slides.*.received', 'slides.onprem.received', true],
  ['slides.*.received', 'slides.received', false],
  ['slides.*.received', 'slides.a.b.received', false],
  ['slides.*', 'slides.a', true],
  ['slides.>', 'slides.a.b', true],
  ['slides.>', 'slides', false],
  ['slides.onprem.received', 'slidesxonprem.received', false],
])('%s and %s: %s', (pattern, subject, expected) => {
  expect(subjectMatcher(pattern)(subject)).toBe(expected)
})

test.each(['', 'a..b', 'a b', '>.a', 'a.(b)'])('refuses the pattern "%s"', pattern => {
  expect(() => subjectMatcher(pattern)).toThrow('invalid subject pattern')
})
