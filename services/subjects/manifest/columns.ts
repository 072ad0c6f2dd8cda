/** The columns of a manifest: what each may hold. A reason never quotes a value. */
import { consentVersion, day, duoTerm } from '@coverslip/proto/api/selection-rules.ts'
import { z } from 'zod'
import type { Codes } from '../vocabularies/vocabulary.ts'
import type { ManifestLine } from './line.ts'

type Column = keyof ManifestLine

const empty = <Value>(none: Value) => z.literal('').transform(() => none)
const orNull = <Value>(type: z.ZodType<Value, string>) =>
  z.union([empty(null), type], { error: issue => wordsOf(issue) })
/** Of a union that nothing fitted, the words of its last member: the first takes the empty cell only. */
const wordsOf = (issue: { errors?: { message: string }[][] }): string | undefined => issue.errors?.at(-1)?.[0]?.message

const name = z
  .string()
  .max(200, 'expected at most 200 characters')
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'expected text without control characters')

/** Whether it is one of the vocabulary is asked where that is known. */
const code = z
  .string()
  .toUpperCase()
  .regex(/^[A-Z0-9_-]{0,32}$/, 'expected a code of the vocabulary')

const yesNo = orNull(
  z
    .string()
    .toLowerCase()
    .pipe(z.enum(['yes', 'no', 'true', 'false', '1', '0'], 'expected yes or no'))
    .transform(value => ['yes', 'true', '1'].includes(value)),
)
/** `0.3`, `0,3` or `30 %`. */
const fraction = orNull(
  z.string().transform((value, context) => {
    const match = /^(\d{1,3}(?:[.,]\d{1,6})?)\s*(%?)$/.exec(value)
    const number = match ? Number(match[1]!.replace(',', '.')) / (match[2] ? 100 : 1) : Number.NaN
    if (number >= 0 && number <= 1) return number
    context.addIssue('expected a share from 0 to 1, or a percentage')
    return z.NEVER
  }),
)
const terms = orNull(
  z
    .string()
    .transform(value => value.split(/[\s|]+/))
    .pipe(z.array(duoTerm).max(20)),
)
const date = orNull(day as z.ZodType<string, string>)

export interface ColumnRule {
  header: string
  /** Whether its values may point at a person: they are looked for in what is let out. */
  identifies: boolean
  type: z.ZodType<unknown, string>
  /** The list of the vocabulary that its codes are of. */
  codes?: Codes
}

/** In the order of the documentation. */
export const COLUMNS: Readonly<Record<Column, ColumnRule>> = {
  file: { header: 'file', identifies: true, type: name.min(1, 'expected the name of the file') },
  subject: { header: 'subject', identifies: true, type: name },
  case: { header: 'case', identifies: true, type: name },
  specimen: { header: 'specimen', identifies: true, type: name },
  block: { header: 'block', identifies: true, type: name },
  glass: { header: 'glass', identifies: true, type: name },
  knownTexts: {
    header: 'known_texts',
    identifies: true,
    type: name.transform(value =>
      value
        .split('|')
        .map(text => text.trim())
        .filter(text => text !== ''),
    ),
  },
  organ: { header: 'organ', identifies: false, type: code, codes: 'organs' },
  diagnosis: { header: 'diagnosis', identifies: false, type: code, codes: 'diagnoses' },
  stain: { header: 'stain', identifies: false, type: code, codes: 'stains' },
  technique: {
    header: 'technique',
    identifies: false,
    type: z
      .string()
      .toUpperCase()
      .pipe(z.enum(['', 'HE', 'IHC', 'SPECIAL', 'FLUORESCENCE'], 'expected HE, IHC, SPECIAL or FLUORESCENCE')),
  },
  scanner: {
    header: 'scanner',
    identifies: false,
    type: z.string().regex(/^[A-Za-z0-9 ._+-]{0,64}$/, 'expected a model of 64 letters and digits at most'),
  },
  collected: { header: 'collected', identifies: true, type: date },
  consentVersion: { header: 'consent_version', identifies: false, type: orNull(consentVersion as never) },
  consentDate: { header: 'consent_date', identifies: true, type: date },
  consentScope: { header: 'consent_scope', identifies: false, type: terms },
  international: { header: 'international', identifies: false, type: yesNo },
  commercial: { header: 'commercial', identifies: false, type: yesNo },
  vitalStatus: {
    header: 'vital_status',
    identifies: false,
    type: orNull(
      z
        .string()
        .toLowerCase()
        .pipe(z.enum(['living', 'deceased'], 'expected living or deceased')),
    ),
  },
  vitalStatusBroker: { header: 'vital_status_broker', identifies: false, type: orNull(name.max(100)) },
  tumourFraction: { header: 'tumour_fraction', identifies: false, type: fraction },
  normalFraction: { header: 'normal_fraction', identifies: false, type: fraction },
  fractionsAttested: { header: 'fractions_attested', identifies: false, type: yesNo },
}

const byHeader = new Map(Object.entries(COLUMNS).map(([column, { header }]) => [header, column as Column]))

/** The column that a heading names; any case, with spaces or hyphens for underscores. */
export const columnOf = (heading: string): Column | undefined =>
  byHeader.get(
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_'),
  )

/** Registration numbers of states, which have no place here. */
const REGISTRATION_NUMBERS = [
  // Korea: a day of birth, then seven digits.
  /(?<!\d)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-[0-9]\d{6}(?!\d)/,
  /^\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[0-9]\d{6}$/,
  // The United States' social security number.
  /(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)/,
]
export const holdsRegistrationNumber = (value: string): boolean =>
  REGISTRATION_NUMBERS.some(pattern => pattern.test(value))
/** A heading that announces one. */
export const namesRegistrationNumber = (heading: string): boolean =>
  /registration|resident|social.?security|\b(rrn|ssn)\b|주민/i.test(heading)

/** Every text of a line that may identify its subject, as it was written. */
export function identifyingTexts(line: ManifestLine): string[] {
  const columns = (Object.keys(COLUMNS) as Column[]).filter(column => COLUMNS[column].identifies)
  const texts = columns.flatMap(column => line[column] as string | string[] | null)
  return texts.filter(text => text !== null && text !== '') as string[]
}
