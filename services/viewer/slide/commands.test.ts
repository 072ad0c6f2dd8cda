import { describe, expect, it } from 'vitest'
import { rectangle } from '../annotations/geometry.ts'
import { newFeature } from '../annotations/model.ts'
import { inReadingOrder, neighbour } from './commands.ts'

const at = (id: string, x: number, y: number) =>
  newFeature({ id, geometry: rectangle([x, y, x + 5, y + 5]), kind: 'rectangle', layer: 'A', term: null })

describe('reading order', () => {
  it('goes by rows, then from left to right', () => {
    const list = inReadingOrder([at('c', 5, 120), at('b', 90, 12), at('a', 10, 20)], 100)
    expect(list.map(feature => feature.id)).toEqual(['a', 'b', 'c'])
  })
  it('goes around at both ends', () => {
    expect(neighbour(['a', 'b'], 'b', 1)).toBe('a')
    expect(neighbour(['a', 'b'], 'a', -1)).toBe('b')
    expect(neighbour(['a', 'b'], undefined, 1)).toBe('a')
    expect(neighbour(['a', 'b'], undefined, -1)).toBe('b')
    expect(neighbour([], undefined, 1)).toBeUndefined()
  })
})
