/** Tiles of a slide that nobody may see yet: cut from its de-identified result by level-0 rectangle; pure. */

/** Edge of a tile on the screen: each is decoded on demand, so that few large ones are quicker than many small ones. */
export const REGION_TILE = 512

export interface RegionTile {
  x: number
  y: number
  width: number
  height: number
  /** Longest side of the picture, in screen pixels. */
  size: number
}

/**
 * The rectangle of the tile in column `column` and row `row` at `resolution` level-0 pixels per screen pixel; tiles at the
 * slide's border end with it.
 */
export function regionOfTile(
  slide: { width: number; height: number },
  resolution: number,
  column: number,
  row: number,
): RegionTile {
  const edge = REGION_TILE * resolution
  const [x, y] = [Math.round(column * edge), Math.round(row * edge)]
  const width = Math.min(Math.round(edge), slide.width - x)
  const height = Math.min(Math.round(edge), slide.height - y)
  const size = Math.max(16, Math.ceil(Math.max(width, height) / resolution))
  return { x, y, width, height, size }
}

/** The revision is part of the address: after a redaction no old picture is shown from a cache. */
export const regionUrl = (id: string, revision: number, { x, y, width, height, size }: RegionTile): string =>
  `/api/reviews/${id}/region?${new URLSearchParams(
    Object.entries({ x, y, width, height, size, revision }).map(([name, value]) => [name, String(value)]),
  )}`
