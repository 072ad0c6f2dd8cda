/** Marks of a pen: colours that no stain has, or a black that no nucleus has, in one patch. */
import type { Picture } from '../pictures/slide-pictures.ts'
import { type Component, componentsOf } from './components.ts'
import type { Flag } from './flag.ts'

/** Overview pixels to a side of a cell. */
const CELL = 4
/** Share of a cell's pixels that must look like ink. */
const DENSE = 0.4
/** Cells of the smallest patch; a fold or a speck of dirt is smaller. */
const MIN_CELLS = 6

/**
 * Whether a colour is one of markers. Haematoxylin, eosin and DAB lie between violet-blue and brown by way of pink
 * (hue 220 to 40 degrees) and are rarely saturated at low magnification; pens are green, cyan, strongly blue or red, or black.
 */
function isInk(red: number, green: number, blue: number): boolean {
  const max = Math.max(red, green, blue)
  const range = max - Math.min(red, green, blue)
  const saturation = max === 0 ? 0 : range / max
  if (max < 60 && range < 30) return true
  if (range < 40) return false
  const hue = hueOf(red, green, blue, max, range)
  if (hue >= 75 && hue < 195) return saturation > 0.25
  if (hue >= 195 && hue < 250) return saturation > 0.6
  return (hue < 12 || hue >= 352) && saturation > 0.8
}

function hueOf(red: number, green: number, blue: number, max: number, range: number): number {
  if (max === red) return (60 * ((green - blue) / range) + 360) % 360
  return max === green ? 60 * ((blue - red) / range + 2) : 60 * ((red - green) / range + 4)
}

/** Flags in pixels of the picture. */
export function findInk({ width, height, data }: Picture): Flag[] {
  const [across, down] = [Math.floor(width / CELL), Math.floor(height / CELL)]
  const counts = new Uint8Array(across * down)
  for (let y = 0; y < down * CELL; y++) {
    for (let x = 0; x < across * CELL; x++) {
      const at = (y * width + x) * 3
      const cell = Math.floor(y / CELL) * across + Math.floor(x / CELL)
      if (isInk(data[at]!, data[at + 1]!, data[at + 2]!)) counts[cell] = counts[cell]! + 1
    }
  }
  const mask = counts.map(count => (count >= CELL * CELL * DENSE ? 1 : 0))
  return componentsOf(mask, across, down)
    .filter(({ area }) => area >= MIN_CELLS)
    .map(toFlag)
}

const toFlag = ({ x, y, width, height, area }: Component): Flag => ({
  kind: 'ink',
  x: x * CELL,
  y: y * CELL,
  width: width * CELL,
  height: height * CELL,
  // A patch of a hundred cells is no accident.
  score: Math.min(1, 0.3 + area / 100),
})
