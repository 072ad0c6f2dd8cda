import { Unusable } from './errors.ts'

/** Text that every database and file format can hold: no NUL, no halves of surrogate pairs. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}

/** Names are remarks at times (ImageScope's Text); still longer ones are a mistake. */
const LONGEST = 10_000

/** @throws Unusable when it is not text, or longer than a name can be */
export function shortText(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Unusable(`its ${what} is not text`)
  if (value.length > LONGEST) throw new Unusable(`its ${what} is longer than ${LONGEST} characters`)
  return cleanText(value)
}
