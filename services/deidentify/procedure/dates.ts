/** What may stay of a date: nothing, its year, or a day that is another by as many days for all slides of a subject; pure. */
import { createHmac } from 'node:crypto'

/** Times of day never stay. */
export type DatePolicy = { keep: 'year' } | { keep: 'shifted'; days: number }

/** How scanners write a day: TIFF's DateTime, Aperio's Date, MIRAX' SLIDE_CREATIONDATETIME. */
export type DateLayout = 'tiff' | 'aperio' | 'mirax'

interface Day {
  year: number
  month: number
  day: number
}

const two = (value: number): string => String(value).padStart(2, '0')

const LAYOUTS: Record<DateLayout, { form: RegExp; write(day: Day): string }> = {
  tiff: {
    form: /^(?<year>\d{4}):(?<month>\d\d):(?<day>\d\d) \d\d:\d\d:\d\d$/,
    write: ({ year, month, day }) => `${year}:${two(month)}:${two(day)} 00:00:00`,
  },
  aperio: {
    form: /^(?<month>\d\d)\/(?<day>\d\d)\/(?<year>\d\d)$/,
    write: ({ year, month, day }) => `${two(month)}/${two(day)}/${two(year % 100)}`,
  },
  mirax: {
    form: /^(?<day>\d\d)\/(?<month>\d\d)\/(?<year>\d{4}) \d\d:\d\d:\d\d$/,
    write: ({ year, month, day }) => `${two(day)}/${two(month)}/${year} 00:00:00`,
  },
}

const MS_PER_DAY = 86_400_000

/** A date by a policy, as long as the old one; null for what is no date of this layout, which then goes. */
export function convertDate(text: string, layout: DateLayout, policy: DatePolicy): string | null {
  const { form, write } = LAYOUTS[layout]
  const found = form.exec(text)?.groups
  if (!found) return null
  const [month, day] = [Number(found.month), Number(found.day)]
  // Scanners of whole slides are younger than 1990.
  const year = Number(found.year) + (found.year!.length === 2 ? 2000 : 0)
  const date = new Date(Date.UTC(year, month - 1, day))
  if (year < 1990 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  if (policy.keep === 'year') return write({ year, month: 1, day: 1 })
  const moved = new Date(date.getTime() + policy.days * MS_PER_DAY)
  return write({ year: moved.getUTCFullYear(), month: moved.getUTCMonth() + 1, day: moved.getUTCDate() })
}

const MAX_SHIFT = 365

/**
 * Days by which the dates of a subject's slides are moved: 1 to 365, earlier or later, the same for all of them, so that
 * intervals stay. By a key that does not leave the site.
 */
export function shiftOf(key: Buffer, subject: string): number {
  const number = createHmac('sha256', key).update(`dates of ${subject}`).digest().readUInt32BE(0)
  const days = 1 + (number % MAX_SHIFT)
  return (number >>> 16) % 2 === 0 ? days : -days
}
