import { describe, expect, it } from 'vitest'
import { rectangle } from '../annotations/geometry.ts'
import { measuresOf } from './measures.ts'

describe('measures', () => {
  it('uses the mpp of both axes', () => {
    expect(measuresOf(rectangle([0, 0, 100, 50]), { x: 0.5, y: 0.25 })).toEqual({ length: '125 µm', area: '625 µm²' })
  })
  it('stays in pixels without mpp', () => {
    expect(measuresOf(rectangle([0, 0, 100, 50]), null)).toEqual({ length: '300 px', area: '5,000 px²' })
  })
  it('says nothing about points', () => {
    expect(measuresOf({ type: 'Point', coordinates: [1, 2] }, null)).toEqual({ length: '', area: '' })
  })
})
