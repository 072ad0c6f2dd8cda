/** What is on the screen, as numbers. */
import type { Page } from 'playwright-core'
import sharp from 'sharp'

export interface Pixels {
  width: number
  height: number
  /** RGB, row by row. */
  data: Buffer
}
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** A part of the page; CSS pixels are screen pixels here. */
export async function pixelsOf(page: Page, clip: Box): Promise<Pixels> {
  const png = await page.screenshot({ clip })
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

/** Number of different colours: an empty screen has few, tissue has thousands. */
export function variety({ data }: Pixels): number {
  const seen = new Set<number>()
  for (let at = 0; at < data.length; at += 3) seen.add(data.readUIntBE(at, 3))
  return seen.size
}

export type Measure = (r: number, g: number, b: number) => number
export const darkness: Measure = (r, g, b) => 255 - (r + g + b) / 3
export const magenta: Measure = (r, g, b) => Math.max(0, Math.min(r, b) - g)

/** The mean of a measure over each column (`x`) or row (`y`). */
export function profile({ data, width, height }: Pixels, along: 'x' | 'y', measure: Measure): number[] {
  const [length, across] = along === 'x' ? [width, height] : [height, width]
  return Array.from({ length }, (_, i) => {
    let sum = 0
    for (let j = 0; j < across; j += 1) {
      const at = 3 * (along === 'x' ? j * width + i : i * width + j)
      sum += measure(data[at]!, data[at + 1]!, data[at + 2]!)
    }
    return sum / across
  })
}

/** The centres of the lines in a profile: pixel i reaches from i to i + 1, so a line over pixels 4 and 5 has centre 5. */
export function centres(values: readonly number[], threshold: number): number[] {
  const found: number[] = []
  let [weight, moment] = [0, 0]
  for (const [i, value] of [...values, 0].entries()) {
    if (value > threshold) {
      weight += value
      moment += value * (i + 0.5)
    } else if (weight > 0) {
      found.push(moment / weight)
      weight = 0
      moment = 0
    }
  }
  return found
}
