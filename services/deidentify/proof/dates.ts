/** Dates in a text, and the layouts in which the same day could stand elsewhere. */

import type { Text } from './layout.ts'

interface Day {
  year: number
  month: number
  day: number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const isDay = ({ year, month, day }: Day): boolean =>
  year >= 1900 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31

const fullYear = (text: string): number =>
  text.length > 2 ? Number(text) : Number(text) + (Number(text) > 50 ? 1900 : 2000)

/** Every day that a text may mean: 05/04/23 is two. */
export function daysIn(text: string): Day[] {
  const found: Day[] = []
  const add = (year: string, month: string | number, day: string): void => {
    found.push({ year: fullYear(year), month: Number(month), day: Number(day) })
  }
  for (const [, y, m, d] of text.matchAll(/(?<!\d)(\d{4})[-:/. ]?(\d{2})[-:/. ]?(\d{2})(?!\d)/g)) add(y!, m!, d!)
  for (const [, a, b, y] of text.matchAll(/(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)/g)) {
    add(y!, a!, b!)
    add(y!, b!, a!)
  }
  for (const [, a, b, y] of text.matchAll(/(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)/g)) {
    add(y!, a!, b!)
    add(y!, b!, a!)
  }
  for (const [, d, name, y] of text.matchAll(/(?<!\d)(\d{1,2})[- .]*([A-Za-z]{3})[a-z]*[- .,]*(\d{4}|\d{2})(?!\d)/g)) {
    add(y!, MONTHS.indexOf(name!.toLowerCase()) + 1, d!)
  }
  return found.filter(isDay)
}

/** One day as people and programs write it. */
export function layoutsOf({ year, month, day }: Day): string[] {
  const [y, m, d] = [`${year}`, `${month}`.padStart(2, '0'), `${day}`.padStart(2, '0')]
  const short = y.slice(2)
  const name = MONTHS[month - 1]!
  const parted = ['-', '/', '.', ':'].flatMap(mark => [
    [y, m, d].join(mark),
    [d, m, y].join(mark),
    [m, d, y].join(mark),
    [short, m, d].join(mark),
    [d, m, short].join(mark),
    [m, d, short].join(mark),
  ])
  const named = [' ', '-', ''].flatMap(mark => [[d, name, y].join(mark), [`${day}`, name, y].join(mark)])
  return [...parted, ...named, `${y}${m}${d}`, `${d}${m}${y}`, `${m}${d}${y}`, `${name} ${day}, ${y}`]
}

/** The days that may stay, moved, by the place of their text: TIFF's DateTime, Aperio's Date, that of a MIRAX slide. */
const KEPT: readonly [RegExp, RegExp][] = [
  [/tag 306$/, /^\d{4}:\d\d:\d\d/],
  [/tag 270$/, /(?<=\|\s*Date\s*=\s*)[\d/]+/i],
  [/^GENERAL\/SLIDE_CREATIONDATETIME$/, /^\d\d\/\d\d\/\d{4}/],
]

function keptDay({ place, bytes }: Text): string | undefined {
  const form = KEPT.find(([places]) => places.test(place))?.[1]
  return form?.exec(bytes.toString('latin1'))?.[0]
}

/** Places of a result whose day is still that of the source. */
export function unmovedDays(before: readonly Text[], after: readonly Text[]): string[] {
  const old = new Map(before.map(text => [text.place, keptDay(text)]))
  return after
    .filter(text => keptDay(text) !== undefined && keptDay(text) === old.get(text.place))
    .map(text => text.place)
}
