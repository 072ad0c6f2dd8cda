import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no I, L, O or U, so that a number survives being read aloud and typed again. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 8

/**
 * A slide's visible name before its release: `S-` and eight random characters (40 bits). Derived from nothing, so that
 * it tells neither the order of arrival nor anything of the source.
 */
export function newResearchNumber(): string {
  // 256 is a multiple of 32: the low five bits of a random byte are uniform.
  const characters = [...randomBytes(LENGTH)].map(byte => ALPHABET[byte & 31])
  return `S-${characters.join('')}`
}
