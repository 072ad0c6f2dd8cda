import { expect, it } from 'vitest'
import { newResearchNumber } from './research-number.ts'

it('is S- and eight characters that cannot be misread, each time another', () => {
  const numbers = Array.from({ length: 1000 }, newResearchNumber)
  for (const number of numbers) expect(number).toMatch(/^S-[0-9A-HJKMNP-TV-Z]{8}$/)
  expect(new Set(numbers).size).toBe(1000)
})
