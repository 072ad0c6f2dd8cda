/** The values of a heat map. */
import { ServiceError } from '@coverslip/platform/errors.ts'

export interface Grid {
  columns: number
  rows: number
  /** Row by row; NaN where there is no value. */
  values: Float32Array
}

/** One value for 49 x 49 px of a slide of 100,000 px a side. */
export const MOST_VALUES = 4 * 2 ** 20

/** @throws ServiceError `invalid`, `too-large` for a grid that would be no heat map, before its values are read */
export function checkSize(columns: number, rows: number): void {
  const sides = [columns, rows]
  if (!sides.every(side => Number.isSafeInteger(side) && side > 0)) throw noGrid('has no values')
  if (columns * rows > MOST_VALUES) {
    throw new ServiceError('too-large', `A heat map may have at most ${MOST_VALUES} values; make its cells larger`)
  }
}

export const noGrid = (what: string, cause?: unknown): ServiceError =>
  new ServiceError('invalid', `The grid ${what}`, { cause })
