/** Deep Zoom arithmetic of the reader's side: which tiles fill the screen. */
import { VIEWPORT } from './parameters.ts'
import type { SlideSize, View } from './reader.ts'

/** What the .dzi document says, and where its tiles are. */
export interface DeepZoom extends SlideSize {
  tileSize: number
  /** Address before `/{level}/{x}_{y}.jpeg`. */
  base: string
}

/**
 * Reads a Deep Zoom document.
 * @param url where it was found after redirections: its tiles are beside it
 */
export function parseDeepZoom(xml: string, url: string): DeepZoom {
  const number = (name: string): number => Number(new RegExp(`${name}="(\\d+)"`).exec(xml)?.[1])
  const found = { width: number('Width'), height: number('Height'), tileSize: number('TileSize') }
  if (!(found.width > 0 && found.height > 0 && found.tileSize > 0)) throw new Error('not a Deep Zoom document')
  return { ...found, base: url.replace(/\.dzi$/, '_files') }
}

/** Addresses of the tiles that a view needs, the middle of the screen first, as viewers ask. */
export function tilesOf(slide: DeepZoom, view: Pick<View, 'x' | 'y' | 'resolution'>): string[] {
  const top = Math.ceil(Math.log2(Math.max(slide.width, slide.height)))
  const level = Math.max(0, top - Math.round(Math.log2(view.resolution)))
  const scale = 2 ** (top - level)
  const tile = slide.tileSize * scale
  const [columns, rows] = [slide.width, slide.height].map(side => Math.ceil(side / tile)) as [number, number]
  const reach = { x: (VIEWPORT.width / 2) * view.resolution, y: (VIEWPORT.height / 2) * view.resolution }
  const [left, right] = span(view.x, reach.x, tile, columns)
  const [above, below] = span(view.y, reach.y, tile, rows)
  const found: { url: string; distance: number }[] = []
  for (let row = above; row <= below; row += 1) {
    for (let column = left; column <= right; column += 1) {
      const distance = Math.hypot((column + 0.5) * tile - view.x, (row + 0.5) * tile - view.y)
      found.push({ url: `${slide.base}/${level}/${column}_${row}.jpeg`, distance })
    }
  }
  return found.sort((one, other) => one.distance - other.distance).map(({ url }) => url)
}

/** First and last tile of a row or column that the screen touches. */
function span(centre: number, reach: number, tile: number, count: number): [number, number] {
  const clamp = (value: number): number => Math.min(count - 1, Math.max(0, value))
  return [clamp(Math.floor((centre - reach) / tile)), clamp(Math.ceil((centre + reach) / tile) - 1)]
}
