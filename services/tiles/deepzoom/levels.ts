/**
 * Deep Zoom over a pyramid, pure. Level `top` is the slide itself, each lower level is half of it, rounded up, down to
 * 1 x 1; tiles of 256 px without overlap. The pyramid follows the same rule, so a tile is one stored tile, clipped at the
 * right and lower edge. Source: Deep Zoom File Format Overview, Microsoft.
 */

export interface Size {
  width: number
  height: number
}

/** The number of the level that holds the slide at full size. */
export function topLevel({ width, height }: Size): number {
  return Math.ceil(Math.log2(Math.max(width, height, 1)))
}

/** Pixels of a level; each side at least 1. */
export function levelSize(slide: Size, level: number): Size {
  const factor = 2 ** (topLevel(slide) - level)
  return { width: Math.ceil(slide.width / factor), height: Math.ceil(slide.height / factor) }
}

/** Where a tile's pixels are: tile (column, row) of the slide halved `halvings` times, clipped to width x height. */
export interface TilePlace extends Size {
  halvings: number
  column: number
  row: number
}

/** Undefined for a level or a tile that the slide does not have. */
export function placeTile(slide: Size, tileSize: number, level: number, x: number, y: number): TilePlace | undefined {
  const top = topLevel(slide)
  if (!isIndex(level) || level > top || !isIndex(x) || !isIndex(y)) return undefined
  const { width, height } = levelSize(slide, level)
  const left = x * tileSize
  const upper = y * tileSize
  if (left >= width || upper >= height) return undefined
  return {
    halvings: top - level,
    column: x,
    row: y,
    width: Math.min(tileSize, width - left),
    height: Math.min(tileSize, height - upper),
  }
}

const isIndex = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

/**
 * The `.dzi` document. `tilesUrl` says where the tiles are: viewers that were led here by a redirect go by it instead of
 * the address that they asked for first (OpenSeadragon does).
 */
export function dzi({ width, height }: Size, tileSize: number, tilesUrl: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Url="${escapeXml(tilesUrl)}" Format="jpeg" Overlap="0" TileSize="${tileSize}"><Size Width="${width}" Height="${height}"/></Image>
`
}

const escapeXml = (text: string): string => text.replaceAll(/[&<>"]/g, found => `&#${found.charCodeAt(0)};`)
