/** Random codes for people, pieces and slides: derived from nothing, so they tell nothing. */
import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no I, L, O or U, so that a code survives being read aloud and typed again. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const BASE = ALPHABET.length
const SUBJECT_LENGTH = 8

/** 256 is a multiple of 32: the low five bits of a random byte are uniform. */
export const randomCode = (length: number): string =>
  [...randomBytes(length)].map(byte => ALPHABET[byte & (BASE - 1)]).join('')

/** The pseudonym of a subject: eight random characters (40 bits) and one that tells a slip of the pen. */
export function newPseudonym(): string {
  const code = randomCode(SUBJECT_LENGTH)
  return code + checkCharacter(code)
}

/** A slide's name until its release: `R-` and eight random characters. */
export const newResearchNumber = (): string => `R-${randomCode(SUBJECT_LENGTH)}`

/**
 * Luhn's algorithm in base 32 ("Luhn mod N"): tells any one wrong character, and most swapped neighbours.
 * @param code characters of Crockford's base 32
 */
export function checkCharacter(code: string): string {
  let sum = 0
  for (const [i, character] of [...code].reverse().entries()) {
    const doubled = ALPHABET.indexOf(character) * (i % 2 === 0 ? 2 : 1)
    sum += Math.floor(doubled / BASE) + (doubled % BASE)
  }
  return ALPHABET[(BASE - (sum % BASE)) % BASE]!
}

/** A pseudonym as somebody typed it, in its one spelling; undefined when it is none. */
export function readPseudonym(typed: string): string | undefined {
  const code = typed.trim().toUpperCase().replaceAll(/[IL]/g, '1').replaceAll('O', '0')
  const isCode = code.length === SUBJECT_LENGTH + 1 && [...code].every(character => ALPHABET.includes(character))
  return isCode && checkCharacter(code.slice(0, -1)) === code.at(-1) ? code : undefined
}
