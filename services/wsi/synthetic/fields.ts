import type { Anatomy, Place } from './anatomy.ts'

/** The order of a place's values in a sample. */
export const FIELD = {
  tissue: 0,
  gland: 1,
  lumen: 2,
  solid: 3,
  fat: 4,
  across: 5,
  along: 6,
  lymphoid: 7,
  tone: 8,
  light: 9,
} as const

export const FIELDS = 10

/**
 * The anatomy sampled on a grid. Nodes lie at whole multiples of `step` pixels of the slide, whatever the region, so
 * that two regions agree to the last bit where they overlap.
 */
export interface Samples {
  /** Pixels between nodes. */
  step: number
  /** Grid coordinates of the first node. */
  column: number
  row: number
  columns: number
  rows: number
  /** `FIELDS` values per node. */
  values: Float32Array
  /** Greatest `tissue` of all nodes. */
  deepest: number
}

/** Nodes are about 4 µm apart: the finest detail of the anatomy is twice that. */
function gridStep(mpp: number): number {
  return Math.max(2, Math.round(4 / mpp))
}

const newPlace = (): Place => ({
  tissue: 0,
  gland: 0,
  lumen: 0,
  solid: 0,
  fat: -20,
  across: 0,
  along: 0,
  lymphoid: 0,
  tone: 1,
  light: 1,
})

/** Samples the anatomy so that every pixel of the rectangle and `margin` pixels around lie between four nodes. */
export function sample(
  anatomy: Anatomy,
  mpp: number,
  x: number,
  y: number,
  width: number,
  height: number,
  margin: number,
): Samples {
  const step = gridStep(mpp)
  const column = Math.floor((x - margin) / step)
  const row = Math.floor((y - margin) / step)
  const columns = Math.floor((x + width + margin) / step) - column + 2
  const rows = Math.floor((y + height + margin) / step) - row + 2
  const values = new Float32Array(columns * rows * FIELDS)
  const place = newPlace()
  let deepest = -1e6
  for (let j = 0, at = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++, at += FIELDS) {
      anatomy.placeAt((column + i) * step * mpp, (row + j) * step * mpp, place)
      if (place.tissue > deepest) deepest = place.tissue
      values[at] = place.tissue
      values[at + 1] = place.gland
      values[at + 2] = place.lumen
      values[at + 3] = place.solid
      values[at + 4] = place.fat
      values[at + 5] = place.across
      values[at + 6] = place.along
      values[at + 7] = place.lymphoid
      values[at + 8] = place.tone
      values[at + 9] = place.light
    }
  }
  return { step, column, row, columns, rows, values, deepest }
}

/**
 * One field at a pixel position, between its four nodes. The fractions are those of the slide's grid: counted from the
 * first node they would be rounded differently in every region.
 */
export function fieldAt(samples: Samples, field: number, x: number, y: number): number {
  const column = Math.floor(x / samples.step)
  const row = Math.floor(y / samples.step)
  const u = x / samples.step - column
  const v = y / samples.step - row
  const at = ((row - samples.row) * samples.columns + (column - samples.column)) * FIELDS + field
  const below = at + samples.columns * FIELDS
  const { values } = samples
  const top = (values[at] as number) * (1 - u) + (values[at + FIELDS] as number) * u
  const bottom = (values[below] as number) * (1 - u) + (values[below + FIELDS] as number) * u
  return top * (1 - v) + bottom * v
}

/** Direction, in radians, in which a field grows fastest at a pixel position. */
export function slopeOf(samples: Samples, field: number, x: number, y: number): number {
  const d = samples.step / 2
  return Math.atan2(
    fieldAt(samples, field, x, y + d) - fieldAt(samples, field, x, y - d),
    fieldAt(samples, field, x + d, y) - fieldAt(samples, field, x - d, y),
  )
}
