/** The characters of random codes, and one that catches typing errors. */
import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no I, L, O or U, so that a code survives being read aloud and typed again. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const SUBJECT = /^[0-9A-HJKMNP-TV-Z]{9}$/

/** Uniform characters of a CSPRNG, derived from nothing. */
export function randomCharacters(count: number): string {
  // 256 is a multiple of 32: the low five bits of a random byte are uniform.
  return [...randomBytes(count)].map(byte => ALPHABET[byte & 31]).join('')
}

/**
 * Luhn's check for 32 characters: any one wrong character is noticed, and nearly every swap of two neighbours.
 * Crockford's own check character may be one of `*~$=`, which names do not hold.
 */
export function checkCharacter(code: string): string {
  const sum = [...code].toReversed().reduce((total, character, i) => {
    const value = ALPHABET.indexOf(character)
    const doubled = i % 2 === 0 ? value * 2 : value
    return total + Math.floor(doubled / 32) + (doubled % 32)
  }, 0)
  return ALPHABET[(32 - (sum % 32)) % 32]!
}

/** A code of a subject that nobody else has: eight random characters and a check character. */
export function newSubjectCode(): string {
  const code = randomCharacters(8)
  return code + checkCharacter(code)
}

/** Whether a pseudonym has the form of the subject slot. */
export const isSubjectCode = (text: string): boolean => SUBJECT.test(text)

/** The temporary number of a slide that came without one. */
export const newResearchNumber = (): string => `R-${randomCharacters(8)}`
