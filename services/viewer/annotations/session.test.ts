import { describe, expect, it } from 'vitest'
import { newFeature, withMetadata } from './model.ts'
import { difference } from './session.ts'

const shape = (id: string, version: number) =>
  withMetadata(
    newFeature({ id, geometry: { type: 'Point', coordinates: [1, 2] }, kind: 'point', layer: 'A', term: null }),
    { version },
  )
const byId = (...features: ReturnType<typeof shape>[]) => new Map(features.map(feature => [feature.id, feature]))
const nothingUnsaved = { get: () => undefined }

describe('difference after the list was fetched again', () => {
  it('adds, replaces and removes, and leaves alone what is the same', () => {
    const known = byId(shape('same', 1), shape('older', 1), shape('gone', 1))
    const there = byId(shape('same', 1), shape('older', 2), shape('new', 1))
    expect(difference(known, there, nothingUnsaved)).toEqual([
      { id: 'gone', feature: null },
      { id: 'older', feature: shape('older', 2) },
      { id: 'new', feature: shape('new', 1) },
    ])
  })
  it('does not touch what is unsaved here', () => {
    const unsaved = { get: (id: string) => ({ id, feature: null, version: 0, sent: false }) }
    expect(difference(byId(shape('mine', 0)), byId(shape('other', 1)), unsaved)).toEqual([])
  })
})
