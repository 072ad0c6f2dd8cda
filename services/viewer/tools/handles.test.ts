import { describe, expect, it } from 'vitest'
import { boxOf, ellipse, rectangle } from '../annotations/geometry.ts'
import { newFeature } from '../annotations/model.ts'
import { dragged } from './handles.ts'

const shape = (kind: 'rectangle' | 'ellipse') =>
  newFeature({
    id: 'a',
    geometry: kind === 'ellipse' ? ellipse([0, 0, 100, 50]) : rectangle([0, 0, 100, 50]),
    kind,
    layer: 'A',
    term: null,
  })

describe('dragged handles', () => {
  it('move without changing the size', () => {
    const moved = dragged(shape('ellipse'), { move: true }, [50, 25], [60, 20])
    expect(boxOf(moved).map(Math.round)).toEqual([10, -5, 110, 45])
    expect(moved.isEllipse).toBe(true)
  })
  it('resize by a corner and by a side', () => {
    const rect = shape('rectangle')
    expect(boxOf(dragged(rect, { move: false, x: 1, y: 1 }, [100, 50], [120, 80]))).toEqual([0, 0, 120, 80])
    expect(boxOf(dragged(rect, { move: false, x: -1, y: 0 }, [0, 25], [-10, 99]))).toEqual([-10, 0, 100, 50])
  })
  it('turn over when dragged past the other side', () => {
    expect(boxOf(dragged(shape('rectangle'), { move: false, x: 1, y: 0 }, [100, 25], [-40, 25]))).toEqual([
      -40, 0, 0, 50,
    ])
  })
})
