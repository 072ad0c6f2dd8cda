/** Marked regions of a slide on its levels; pure. */
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'

interface Size {
  width: number
  height: number
}

/** What a region covers of a level, in its pixels; it grows by one, since the scales of levels are not whole. */
export function onLevel(region: Rectangle, full: Size, level: Size): Rectangle {
  const scale = { x: full.width / level.width, y: full.height / level.height }
  const left = Math.max(0, Math.floor(region.x / scale.x) - 1)
  const top = Math.max(0, Math.floor(region.y / scale.y) - 1)
  const right = Math.min(level.width, Math.ceil((region.x + region.width) / scale.x) + 1)
  const bottom = Math.min(level.height, Math.ceil((region.y + region.height) / scale.y) + 1)
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) }
}

/** What two rectangles share; null when it is nothing. */
function overlapOf(a: Rectangle, b: Rectangle): Rectangle | null {
  const x = Math.max(a.x, b.x)
  const y = Math.max(a.y, b.y)
  const width = Math.min(a.x + a.width, b.x + b.width) - x
  const height = Math.min(a.y + a.height, b.y + b.height) - y
  return width > 0 && height > 0 ? { x, y, width, height } : null
}

/** Regions as a tile at (left, top) sees them, in its own pixels; empty when none touches it. */
export function onTile(regions: readonly Rectangle[], tile: Rectangle): Rectangle[] {
  return regions.flatMap(region => {
    const shared = overlapOf(region, tile)
    return shared ? [{ ...shared, x: shared.x - tile.x, y: shared.y - tile.y }] : []
  })
}
