import { expect, test } from 'vitest'
import { bodyBytes, parseBox } from './annotations.ts'

test('corners of a box come in any order', () => {
  expect(parseBox('10,20,-5,2.5')).toEqual({ x0: -5, y0: 2.5, x1: 10, y1: 20 })
})

test('a feature nested more deeply than the stack is wrong, not a fault inside', () => {
  const properties = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))
  expect(() => bodyBytes({ type: 'Feature', properties })).toThrow(
    expect.objectContaining({ code: 'invalid', publicMessage: 'The GeoJSON is nested too deeply' }),
  )
})

test('more than a message takes is sent as a file', () => {
  expect(() => bodyBytes({ type: 'Feature', id: 'x'.repeat(5_000_000) })).toThrow('import it as a file')
})
