import { describe, expect, it } from 'vitest'
import { NO_COLOR, newFeature } from '../annotations/model.ts'
import { allTerms, findIn, freeColor, fromHex, hexColor, OKABE_ITO, readTerms } from './terms.ts'

describe('terms', () => {
  it("takes the slide's colour for a term and keeps the usual order", () => {
    const terms = allTerms([{ name: 'Mitosis', color: [1, 2, 3] }], [{ name: 'Stroma', color: [9, 9, 9] }, { name: 'Aa', color: [5, 5, 5] }]) // biome-ignore format: one line
    expect(terms.find(term => term.name === 'Stroma')?.color).toEqual([9, 9, 9])
    expect(terms.map(term => term.name).slice(-2)).toEqual(['Mitosis', 'Aa'])
    expect(new Set(terms.map(term => term.name)).size).toBe(terms.length)
  })
  it('keeps the usual colour of a term that the slide gives none', () => {
    const terms = allTerms([], [{ name: 'Exclude', color: NO_COLOR }])
    expect(terms.find(term => term.name === 'Exclude')?.color).not.toEqual(NO_COLOR)
    expect(allTerms([], [{ name: 'Aa', color: NO_COLOR }]).at(-1)?.color).toEqual(NO_COLOR)
  })
  it('offers a colour that is not taken', () => {
    expect(freeColor([{ name: 'a', color: OKABE_ITO[0]! }])).toEqual(OKABE_ITO[1])
    expect(OKABE_ITO).toContainEqual(freeColor(OKABE_ITO.map((color, i) => ({ name: String(i), color }))))
  })
  it('counts layers and collects terms', () => {
    const shape = (layer: string, name: string) =>
      newFeature({
        id: layer + name,
        geometry: { type: 'Point', coordinates: [0, 0] },
        kind: 'point',
        layer,
        term: { name, color: [1, 1, 1] },
      })
    const { layers, terms } = findIn([shape('A', 'x'), shape('A', 'y'), shape('B', 'x')])
    expect([...layers]).toEqual([
      ['A', 2],
      ['B', 1],
    ])
    expect(terms.map(term => term.name)).toEqual(['x', 'y'])
  })
  it('reads only what it can use', () => {
    const shelf = (text: string | null) => ({ getItem: () => text })
    expect(readTerms(shelf(null))).toEqual([])
    expect(readTerms(shelf('{'))).toEqual([])
    expect(readTerms(shelf('[{"name":"a","color":[1,2,3]},{"name":5},null]'))).toEqual([
      { name: 'a', color: [1, 2, 3] },
    ])
  })
  it('writes colours for the browser', () => {
    expect(hexColor([0, 158, 115])).toBe('#009e73')
    expect(fromHex('#009e73')).toEqual([0, 158, 115])
  })
})
