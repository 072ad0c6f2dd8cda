/** What a shape measures, for the screen: computed here, from the slide's mpp, and never stored. */
import { areaOf, lengthOf } from '../annotations/geometry.ts'
import type { Geometry } from '../annotations/model.ts'
import type { Mpp } from './units.ts'
import { areaText, lengthText } from './units.ts'

export interface Measures {
  /** Length of a line, perimeter of an area; empty for points. */
  length: string
  /** Empty for points and lines. */
  area: string
}

export function measuresOf(geometry: Geometry, mpp: Mpp | null): Measures {
  const calibrated = mpp !== null
  const length = lengthOf(geometry, mpp ? [mpp.x, mpp.y] : [1, 1])
  const area = areaOf(geometry) * (mpp ? mpp.x * mpp.y : 1)
  return {
    length: length > 0 ? lengthText(length, calibrated) : '',
    area: area > 0 ? areaText(area, calibrated) : '',
  }
}
