/** The checks of the proof in plain words: what holds, and what to say when it does not. */
import { z } from 'zod'

const CHECKS = {
  structure: ['the files can be read from their raw bytes', 'the result cannot be read from its raw bytes'],
  texts: [
    'no text of the source is left: in any case of letters, as ASCII, UTF-8, UTF-16, Base64 or hexadecimal digits',
    'a text of the source is still there',
  ],
  words: ['only allowed fields, keys and words are left', 'a field, key or word that is not allowed is still there'],
  names: ['file names say the format and nothing else', 'a file name says more than the format'],
  images: ['no label, macro, thumbnail or other image is left', 'an image that is not a level is still there'],
  bytes: ['every byte that nothing refers to is zero', 'bytes that nothing refers to are still there'],
  tiles: ['tiles hold their picture and nothing else', 'a tile holds something beside its picture'],
  pixels: ['the stored pixels of every level are the same', 'the stored pixels of a level differ'],
  geometry: [
    'sizes, coding, scale and objective power are as before',
    'the result does not describe the same slide as before',
  ],
  profile: ['colour profiles have their numbers and no text or date', 'a colour profile holds a text or other numbers'],
  redactions: ['the marked regions are blank', 'a marked region is not blank'],
  repeat: ['a second run would change nothing', 'a second run would change the result again'],
  report: ['the report repeats no text of the source', 'the report would repeat a text of the source'],
} as const

export type CheckId = keyof typeof CHECKS

export const checkResult = z.object({
  id: z.enum(Object.keys(CHECKS) as [CheckId, ...CheckId[]]),
  /** What was looked at, in words. */
  holds: z.string(),
  passed: z.boolean(),
})
export type CheckResult = z.infer<typeof checkResult>

export const checkOf = (id: CheckId, findings: readonly string[]): CheckResult => ({
  id,
  holds: CHECKS[id][0],
  passed: findings.length === 0,
})

/** What to say of a check that did not pass. */
export const failureOf = (id: CheckId): string => CHECKS[id][1]
