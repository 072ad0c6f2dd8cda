import { describe, expect, it } from 'vitest'
import { convertDate, shiftOf } from './dates.ts'

describe('a date', () => {
  it.each([
    ['tiff', '2024:05:23 14:37:52', '2024:01:01 00:00:00', '2024:06:02 00:00:00'],
    ['aperio', '05/23/24', '01/01/24', '06/02/24'],
    ['mirax', '23/05/2024 14:37:52', '01/01/2024 00:00:00', '02/06/2024 00:00:00'],
  ] as const)('of %s keeps its year, or moves by days, without the time of day', (layout, date, year, moved) => {
    expect(convertDate(date, layout, { keep: 'year' })).toBe(year)
    expect(convertDate(date, layout, { keep: 'shifted', days: 10 })).toBe(moved)
    const same = convertDate(date, layout, { keep: 'shifted', days: 0 })
    expect(convertDate(moved, layout, { keep: 'shifted', days: -10 })).toBe(same)
  })

  it('that is none goes', () => {
    for (const text of [
      '',
      'yesterday',
      '2024:02:30 14:37:52',
      '2024:13:01 00:00:00',
      '2024:05:23',
      '0000:00:00 00:00:00',
    ]) {
      expect(convertDate(text, 'tiff', { keep: 'year' }), text).toBeNull()
    }
    expect(convertDate('05/23/24; Quillfeather', 'aperio', { keep: 'year' })).toBeNull()
  })
})

it('slides of a subject move by the same days, between 1 and 365, either way', () => {
  const key = Buffer.alloc(32, 7)
  const shifts = Array.from({ length: 400 }, (_, i) => shiftOf(key, `subject ${i}`))
  expect(shiftOf(key, 'subject 3')).toBe(shifts[3])
  expect(shifts.every(days => Math.abs(days) >= 1 && Math.abs(days) <= 365)).toBe(true)
  expect(shifts.some(days => days < 0) && shifts.some(days => days > 0)).toBe(true)
  expect(new Set(shifts).size).toBeGreaterThan(200)
  expect(shiftOf(Buffer.alloc(32, 8), 'subject 3')).not.toBe(shifts[3])
})
