/** What may stay of a slide, as it is typed; pure. */
import type { DatePolicy, Kept, LabelSide } from '@coverslip/deidentify/files.ts'
import { InvalidArgumentError } from 'commander'

/** Ends of the macro at which a label can be. */
export const SIDES: readonly LabelSide[] = ['left', 'right', 'top', 'bottom']

/** Undefined: not said, so nothing stays. */
export interface Choices {
  keepMacro?: LabelSide | undefined
  keepThumbnail?: boolean | undefined
  /** `remove` is said, too: then a result is not allowed what its report allows. */
  dates?: DatePolicy | 'remove' | undefined
}

/** Ten years: further away no slide of a patient is. */
const MAX_DAYS = 3653

/** `remove`, `year` or `shift:DAYS`. @throws InvalidArgumentError */
export function datesFrom(text: string): DatePolicy | 'remove' {
  if (text === 'remove') return text
  if (text === 'year') return { keep: 'year' }
  const days = /^shift:([+-]?\d{1,4})$/.exec(text)?.[1]
  if (days !== undefined && Number(days) !== 0 && Math.abs(Number(days)) <= MAX_DAYS) {
    return { keep: 'shifted', days: Number(days) }
  }
  throw new InvalidArgumentError(`expected remove, year, or shift:DAYS with -${MAX_DAYS} to ${MAX_DAYS} days but 0`)
}

const policyOf = ({ dates }: Choices): DatePolicy | undefined => (dates === 'remove' ? undefined : dates)

/** The choices as de-identification takes them. */
export const toOptions = (choices: Choices) => ({
  keepMacro: choices.keepMacro,
  keepThumbnail: choices.keepThumbnail,
  dates: policyOf(choices),
})

/** What the choices let stay; undefined when none was made. */
export function keptBy(choices: Choices): Kept | undefined {
  const { keepMacro, keepThumbnail, dates } = choices
  if (keepMacro === undefined && dates === undefined && !keepThumbnail) return undefined
  return { macro: keepMacro ?? null, ...(keepThumbnail && { thumbnail: true }), dates: policyOf(choices)?.keep ?? null }
}
