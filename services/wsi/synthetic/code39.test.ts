import { expect, test } from 'vitest'
import { code39 } from './code39.ts'

test('each character has five bars and three wide elements', () => {
  // Three wide elements of 2.5, six narrow ones and a gap of 1: 14.5 per character, the last gap left out.
  for (const character of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ') {
    const { bars, width } = code39(character)
    expect(bars).toHaveLength(15)
    expect(width).toBe(3 * 14.5 - 1)
  }
})

test('no two characters look the same', () => {
  const characters = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ']
  expect(new Set(characters.map(c => JSON.stringify(code39(c).bars))).size).toBe(characters.length)
})

test('a text begins and ends with the same mark', () => {
  const { bars, width } = code39('S24')
  const start = bars.slice(0, 5).map(bar => bar.width)
  expect(start).toEqual([1, 1, 2.5, 2.5, 1])
  expect(bars.slice(-5).map(bar => bar.width)).toEqual(start)
  expect((bars.at(-1)?.x ?? 0) + 1).toBe(width)
})
