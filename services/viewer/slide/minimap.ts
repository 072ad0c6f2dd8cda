/** Where the screen is on a small picture of the slide; pure. */
import type { Slide } from '@coverslip/proto/api.ts'
import type { ViewState } from './state.ts'

/** The size of the small picture: the longer side is `longest`. */
export function minimapSize({ width, height }: Pick<Slide, 'width' | 'height'>, longest: number): [number, number] {
  const scale = longest / Math.max(width, height)
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
}

/** The corners of the screen in pixels of the small picture, clockwise from the screen's top left. */
export function screenCorners(view: ViewState, slide: Pick<Slide, 'width'>, pictureWidth: number): [number, number][] {
  const scale = pictureWidth / slide.width
  const [cos, sin] = [Math.cos(view.rotation), Math.sin(view.rotation)]
  const [halfWidth, halfHeight] = [(view.size[0] * view.resolution) / 2, (view.size[1] * view.resolution) / 2]
  const corners = [
    [-halfWidth, -halfHeight],
    [halfWidth, -halfHeight],
    [halfWidth, halfHeight],
    [-halfWidth, halfHeight],
  ] as const
  // The map is turned clockwise on the screen, so the screen is turned the other way on the slide.
  return corners.map(([x, y]) => [
    (view.centre[0] + x * cos + y * sin) * scale,
    (view.centre[1] - x * sin + y * cos) * scale,
  ])
}
