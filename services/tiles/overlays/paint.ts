/** One tile of a heat map: which cell lies under each of its pixels. Pure. */
import type { TilePlace } from '../deepzoom/levels.ts'
import type { Steps } from './steps.ts'

/** Level-0 pixels. */
export interface Rectangle {
  x: number
  y: number
  width: number
  height: number
}

/**
 * The palette entry of every pixel of a tile, 0 beside the heat map. Cells are shown as they are, with sharp edges; where
 * several lie under one pixel, their mean.
 * @param grids {@link halvings} of the grid
 * @param rectangle that the grid covers
 * @param tileSize pixels of a whole tile's side
 * @param entries of each step
 */
export function paintTile(
  grids: readonly Steps[],
  rectangle: Rectangle,
  { place, tileSize }: { place: TilePlace; tileSize: number },
  entries: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(place.width * place.height)
  const pixel = 2 ** place.halvings
  const full = grids[0]!
  const cell = Math.min(rectangle.width / full.columns, rectangle.height / full.rows)
  const halved = Math.min(grids.length - 1, Math.max(0, Math.floor(Math.log2(pixel / cell))))
  const { columns, rows, steps } = grids[halved]!
  const across = { start: rectangle.x, cell: (rectangle.width / full.columns) * 2 ** halved, cells: columns }
  const down = { start: rectangle.y, cell: (rectangle.height / full.rows) * 2 ** halved, cells: rows }
  const xs = cellsUnder(place.width, place.column * tileSize, pixel, { ...across, side: rectangle.width })
  const ys = cellsUnder(place.height, place.row * tileSize, pixel, { ...down, side: rectangle.height })
  for (let y = 0; y < place.height; y += 1) {
    const row = ys[y]!
    if (row < 0) continue
    for (let x = 0; x < place.width; x += 1) {
      const column = xs[x]!
      if (column >= 0) out[y * place.width + x] = entries[steps[row * columns + column]!]!
    }
  }
  return out
}

/** The cell under the middle of each pixel of a line; -1 beside all cells. */
function cellsUnder(
  count: number,
  first: number,
  pixel: number,
  { start, cell, cells, side }: { start: number; cell: number; cells: number; side: number },
): Int32Array {
  const out = new Int32Array(count).fill(-1)
  for (let i = 0; i < count; i += 1) {
    const at = (first + i + 0.5) * pixel - start
    if (at >= 0 && at < side) out[i] = Math.min(cells - 1, Math.floor(at / cell))
  }
  return out
}
