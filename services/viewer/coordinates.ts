/**
 * The one place that knows both coordinate systems. Slides and the API count level-0 pixels with y down; OpenLayers
 * draws with y up, so a slide of height h lies in the extent [0, -h, w, 0]. Turning y over is its own inverse.
 */
import { mapPositions, rounded } from './annotations/geometry.ts'
import type { Geometry, Position } from './annotations/model.ts'

/** Subtracting from 0 instead of negating keeps 0 from becoming -0, which JSON would show as a change. */
const flipPosition = ([x, y]: Position): Position => [x, 0 - y]

/** Slide (y down) to view (y up). */
export const toView = (geometry: Geometry): Geometry => mapPositions(geometry, flipPosition)

/** View (y up) to slide (y down), rounded to a hundredth of a pixel. */
export const toSlide = (geometry: Geometry): Geometry => rounded(mapPositions(geometry, flipPosition))

/** One point of the view as a point of the slide, and back. */
export const flipPoint = (point: readonly number[]): Position => flipPosition([point[0] ?? 0, point[1] ?? 0])

/** The extent of a slide in the view. */
export const slideExtent = (width: number, height: number): [number, number, number, number] => [0, -height, width, 0]

/**
 * The Deep Zoom level of OpenLayers' Zoomify level `z`. Zoomify's level 0 is the one that fits a single tile; Deep Zoom
 * counts on down to one pixel. For slides of more than half a tile this is z + 8.
 */
export function deepZoomLevel(width: number, height: number, z: number, tileSize = 256): number {
  const longest = Math.max(width, height, 1)
  const top = Math.ceil(Math.log2(longest))
  const tiers = Math.max(0, Math.ceil(Math.log2(longest / tileSize)))
  return top - tiers + z
}
