/**
 * Values as they are kept: 65,534 steps from the lowest to the highest, 0 for none. Finer than any colour, whatever part
 * of the range is looked at, and half the size.
 */
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import type { Grid } from './grid.ts'

/** The lowest and the highest value. */
export interface Range {
  low: number
  high: number
}

export interface Steps {
  columns: number
  rows: number
  /** Row by row; 0 where there is no value. */
  steps: Uint16Array
}

const LAST = 65_535

/** A grid with at least one value, none of them infinite. */
export function toSteps({ columns, rows, values }: Grid): Steps & Range {
  const range = rangeOf(values)
  const scale = range.high > range.low ? (LAST - 1) / (range.high - range.low) : 0
  const steps = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!
    if (!Number.isNaN(value)) steps[i] = 1 + Math.round((value - range.low) * scale)
  }
  return { columns, rows, steps, ...range }
}

export const valueAt = (step: number, { low, high }: Range): number => low + ((step - 1) / (LAST - 1)) * (high - low)

function rangeOf(values: Float32Array): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return { low, high }
}

/** Little-endian, as every machine is that this runs on. */
export const packSteps = (steps: Uint16Array): Promise<Buffer> =>
  promisify(deflateRaw)(Buffer.from(steps.buffer, steps.byteOffset, steps.byteLength)) as Promise<Buffer>

export async function unpackSteps(packed: Uint8Array): Promise<Uint16Array> {
  const bytes = (await promisify(inflateRaw)(packed)) as Buffer
  return new Uint16Array(new Uint8Array(bytes).buffer)
}

/** The grid, then each half of the one before it, down to a single cell: what it looks like from further away. */
export function halvings(full: Steps): Steps[] {
  const all = [full]
  for (let last = full; last.columns > 1 || last.rows > 1; last = all.at(-1)!) all.push(halve(last))
  return all
}

/** Means of 2 x 2 cells, of those that have a value. */
function halve({ columns, rows, steps }: Steps): Steps {
  const half = { columns: Math.ceil(columns / 2), rows: Math.ceil(rows / 2) }
  const out = new Uint16Array(half.columns * half.rows)
  for (let y = 0; y < half.rows; y += 1) {
    for (let x = 0; x < half.columns; x += 1) {
      let [sum, count] = [0, 0]
      for (let row = 2 * y; row < Math.min(rows, 2 * y + 2); row += 1) {
        for (let column = 2 * x; column < Math.min(columns, 2 * x + 2); column += 1) {
          const step = steps[row * columns + column]!
          sum += step
          if (step > 0) count += 1
        }
      }
      if (count > 0) out[y * half.columns + x] = Math.round(sum / count)
    }
  }
  return { ...half, steps: out }
}
