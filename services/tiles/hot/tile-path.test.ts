import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tilePath } from '../cache/keys.ts'
import { parseTilePath } from './tile-path.ts'

const ID = '0c9b0f5e-6d5c-4c43-9a2b-9d5d4b6f7a11'
const index = fc.nat({ max: 9_999_999 })

test('every path that is made is read', () => {
  const name = fc.oneof(
    fc.nat().map(String),
    fc.nat().map(revision => `${revision}-original`),
  )
  fc.assert(
    fc.property(name, index, index, index, (rendition, level, x, y) => {
      const slideId = randomUUID()
      const path = tilePath({ slideId, name: rendition }, { level, x, y }, 'jpeg')
      expect(parseTilePath(path)).toEqual({ slideId, name: rendition, level, x, y })
    }),
  )
})

test.each([
  `/tiles/${ID}/1_files/9/0_0.png`,
  `/tiles/${ID}/1_files/9/0_0.jpeg?x`,
  `/tiles/${ID}/1_files/9/00_0.jpeg`,
  `/tiles/${ID}/1_files/9/-1_0.jpeg`,
  `/tiles/${ID}/1_files/9/0_.jpeg`,
  `/tiles/${ID}/1_files/9/0_0_0.jpeg`,
  `/tiles/${ID}/1_files/9/12345678_0.jpeg`,
  `/tiles/${ID}/1_files//0_0.jpeg`,
  `/tiles/${ID}/_files/9/0_0.jpeg`,
  `/tiles/${ID}_files/9/0_0.jpeg`,
  `/tiles/${ID}/${'1'.repeat(40)}_files/9/0_0.jpeg`,
  `/tiles/x${ID}/1_files/9/0_0.jpeg`,
  `/other/${ID}/1_files/9/0_0.jpeg`,
  '/tiles/',
  '/',
])('%s is left to the routes', path => {
  expect(parseTilePath(path)).toBeUndefined()
})

test('whatever is read is spelt as it would be made', () => {
  const piece = fc.constantFrom('/tiles/', ID, '/', '_files/', '_', '.jpeg', '1', '0', '9', '?', '-original', '%2f')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const path = pieces.join('')
      const found = parseTilePath(path)
      if (found) expect(tilePath(found, found, 'jpeg')).toBe(path)
    }),
  )
})
