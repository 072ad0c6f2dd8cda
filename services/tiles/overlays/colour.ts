/** From steps to the entries of a PNG's palette, and the colours of those. Pure. */
import { type Palette, stopsOf } from '@coverslip/proto/api/palettes.ts'
import { type Range, valueAt } from './steps.ts'

/** Entry 0 is transparent, the others go from the first colour to the last. */
const ENTRIES = 256

/**
 * The entry of each step.
 * @param range of the steps
 * @param shown values at the ends of the colours: below the first nothing is shown, above the last its colour
 */
export function entriesOf(range: Range, shown: { min: number; max: number }): Uint8Array {
  const entries = new Uint8Array(2 ** 16)
  const scale = shown.max > shown.min ? (ENTRIES - 2) / (shown.max - shown.min) : Number.POSITIVE_INFINITY
  // What the steps round away must not put the lowest value below itself.
  const slack = (range.high - range.low) / 2 ** 17
  for (let step = 1; step < entries.length; step += 1) {
    const above = valueAt(step, range) - shown.min
    if (above >= -slack) entries[step] = 1 + Math.min(ENTRIES - 2, Math.round(Math.max(0, above) * scale) || 0)
  }
  return entries
}

/** Red, green and blue of all entries. */
export function coloursOf(palette: Palette): Buffer {
  const stops = stopsOf(palette).map(hex => Buffer.from(hex.slice(1), 'hex'))
  const colours = Buffer.alloc(3 * ENTRIES)
  for (let entry = 1; entry < ENTRIES; entry += 1) {
    const at = ((entry - 1) / (ENTRIES - 2)) * (stops.length - 1)
    const [before, after] = [stops[Math.floor(at)]!, stops[Math.ceil(at)]!]
    for (let channel = 0; channel < 3; channel += 1) {
      const [from, to] = [before[channel]!, after[channel]!]
      colours[3 * entry + channel] = Math.round(from + (to - from) * (at % 1))
    }
  }
  return colours
}

/** How much each entry covers. */
export function alphasOf(opacity: number): Buffer {
  const alphas = Buffer.alloc(ENTRIES, Math.round(opacity * 255))
  alphas[0] = 0
  return alphas
}
