/** Marks that look like writing, near the edges of the scan: where stickers and frosted ends are caught by it. */
import type { Picture } from '../pictures/slide-pictures.ts'
import { type Component, componentsOf } from './components.ts'
import type { Flag } from './flag.ts'

/** Share of each side that counts as its edge. */
const MARGIN = 0.15
/** A stroke is darker than this and has hardly any colour. */
const DARK = 110
const COLOURLESS = 40
/** Sizes of a letter, in overview pixels. */
const LETTER = { min: 6, max: 140 }
/** Fewer letters are specks. */
const MIN_LETTERS = 4

/** Flags in pixels of the picture: one per line or block of letters. */
export function findText(picture: Picture): Flag[] {
  const { width, height } = picture
  const letters = componentsOf(strokesOf(picture), width, height).filter(isLetter)
  return groups(letters)
    .filter(group => group.length >= MIN_LETTERS)
    .map(group => ({ kind: 'text', ...boundsOf(group), score: Math.min(1, group.length / 12) }))
}

function strokesOf({ width, height, data }: Picture): Uint8Array {
  const mask = new Uint8Array(width * height)
  const [left, top] = [width * MARGIN, height * MARGIN]
  for (let y = 0; y < height; y++) {
    const atEdge = y < top || y >= height - top
    for (let x = 0; x < width; x++) {
      if (!atEdge && x >= left && x < width - left) continue
      const at = (y * width + x) * 3
      const max = Math.max(data[at]!, data[at + 1]!, data[at + 2]!)
      const min = Math.min(data[at]!, data[at + 1]!, data[at + 2]!)
      if (max < DARK && max - min < COLOURLESS) mask[y * width + x] = 1
    }
  }
  return mask
}

/** As large as a letter, neither a solid patch nor a bar. */
function isLetter({ width, height, area }: Component): boolean {
  const larger = Math.max(width, height)
  if (larger < LETTER.min || larger > LETTER.max) return false
  const filled = area / (width * height)
  return filled < 0.75 && Math.min(width, height) * 8 >= larger
}

/** Letters that stand close together and are about as large. */
function groups(letters: readonly Component[]): Component[][] {
  const parent = letters.map((_, i) => i)
  const rootOf = (i: number): number => {
    let root = i
    while (parent[root] !== root) root = parent[root]!
    return root
  }
  // Sorted, so that only neighbours are compared: a picture may have thousands of specks.
  const order = letters.map((_, i) => i).sort((a, b) => letters[a]!.x - letters[b]!.x)
  for (const [place, i] of order.entries()) {
    for (const j of order.slice(place + 1, place + 200)) {
      if (letters[j]!.x - letters[i]!.x > 3 * LETTER.max) break
      if (areNeighbours(letters[i]!, letters[j]!)) parent[rootOf(j)] = rootOf(i)
    }
  }
  return [...Map.groupBy(letters.keys(), rootOf).values()].map(group => group.map(i => letters[i]!))
}

function areNeighbours(a: Component, b: Component): boolean {
  const [large, small] = [Math.max(a.height, a.width), Math.max(b.height, b.width)].sort((m, n) => n - m)
  if (large! > 2.5 * small!) return false
  const gapX = Math.max(a.x, b.x) - Math.min(a.x + a.width, b.x + b.width)
  const gapY = Math.max(a.y, b.y) - Math.min(a.y + a.height, b.y + b.height)
  return Math.max(gapX, gapY) < 1.5 * small!
}

function boundsOf(group: readonly Component[]) {
  const x = Math.min(...group.map(one => one.x))
  const y = Math.min(...group.map(one => one.y))
  const right = Math.max(...group.map(one => one.x + one.width))
  const bottom = Math.max(...group.map(one => one.y + one.height))
  return { x, y, width: right - x, height: bottom - y }
}
