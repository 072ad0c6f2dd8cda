import { expect, test } from 'vitest'
import { checkCharacter, newPseudonym, newResearchNumber, readPseudonym } from './code.ts'

test('a pseudonym is nine characters that read back, in any case and with the letters people confuse', () => {
  const pseudonym = newPseudonym()
  expect(pseudonym).toMatch(/^[0-9A-HJKMNP-TV-Z]{9}$/)
  expect(readPseudonym(` ${pseudonym.toLowerCase()} `)).toBe(pseudonym)
  expect(readPseudonym(pseudonym.replaceAll('1', 'l').replaceAll('0', 'o'))).toBe(pseudonym)
})

test('any one wrong character is noticed', () => {
  const pseudonym = newPseudonym()
  for (let at = 0; at < pseudonym.length; at++) {
    for (const other of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
      if (other === pseudonym[at]) continue
      expect(readPseudonym(pseudonym.slice(0, at) + other + pseudonym.slice(at + 1))).toBeUndefined()
    }
  }
})

test('the check character is that of Luhn mod N', () => {
  expect(checkCharacter('00000000')).toBe('0')
  // 1 at the end counts double: 2, and 30 (Y) are missing to 32.
  expect(checkCharacter('00000001')).toBe('Y')
})

test('research numbers differ', () => {
  const numbers = Array.from({ length: 500 }, newResearchNumber)
  expect(new Set(numbers).size).toBe(500)
  expect(numbers[0]).toMatch(/^R-[0-9A-Z]{8}$/)
})
