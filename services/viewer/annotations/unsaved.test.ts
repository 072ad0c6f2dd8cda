import { describe, expect, it } from 'vitest'
import { newFeature } from './model.ts'
import type { Shelf } from './unsaved.ts'
import { changed, openUnsaved } from './unsaved.ts'

function memoryShelf(room = Infinity): Shelf & { map: Map<string, string> } {
  const map = new Map<string, string>()
  return {
    map,
    get length() {
      return map.size
    },
    key: index => [...map.keys()][index] ?? null,
    getItem: key => map.get(key) ?? null,
    setItem(key, value) {
      if (value.length > room) throw new Error('full')
      map.set(key, value)
    },
    removeItem: key => void map.delete(key),
  }
}
const feature = newFeature({
  id: 'f1',
  geometry: { type: 'Point', coordinates: [1, 2] },
  kind: 'point',
  layer: 'A',
  term: null,
})

describe('unsaved', () => {
  it('survives a reload, apart for each user and slide', () => {
    const shelf = memoryShelf()
    openUnsaved(shelf, 'anna', 's1').put(changed(undefined, 'f1', feature, 0))
    expect(openUnsaved(shelf, 'anna', 's1').all()).toEqual([{ id: 'f1', feature, version: 0, sent: false }])
    expect(openUnsaved(shelf, 'ben', 's1').all()).toEqual([])
    expect(openUnsaved(shelf, 'anna', 's2').all()).toEqual([])
  })

  it('keeps two tabs apart', () => {
    const shelf = memoryShelf()
    const [one, two] = [openUnsaved(shelf, 'anna', 's1'), openUnsaved(shelf, 'anna', 's1')]
    one.put(changed(undefined, 'f1', feature, 0))
    two.put(changed(undefined, 'f2', { ...feature, id: 'f2' }, 0))
    one.remove('f1')
    expect(
      openUnsaved(shelf, 'anna', 's1')
        .all()
        .map(entry => entry.id),
    ).toEqual(['f2'])
  })

  it('ignores what it cannot read and a store that is full', () => {
    const shelf = memoryShelf(10)
    shelf.map.set('coverslip.unsaved/anna/s1/x', '{broken')
    const entries = openUnsaved(shelf, 'anna', 's1')
    entries.put(changed(undefined, 'f1', feature, 0))
    expect(entries.all().map(entry => entry.id)).toEqual(['f1'])
  })

  it('builds a further change on the version of the first', () => {
    const first = changed(undefined, 'f1', feature, 3)
    expect(changed(first, 'f1', null, 7)).toEqual({ id: 'f1', feature: null, version: 3, sent: false })
  })

  it('tries a refused one again once it is changed', () => {
    const refused = { ...changed(undefined, 'f1', feature, 0), refused: 'too large' }
    expect(changed(refused, 'f1', feature, 0).refused).toBeUndefined()
  })
})
