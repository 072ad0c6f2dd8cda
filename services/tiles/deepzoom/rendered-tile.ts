/** Which tiles of Deep Zoom are stored as such, and what picture the others are. Pure. */
import type { Picture } from '../regions/picture.ts'
import { exactDownsample } from '../regions/plan.ts'
import type { Rendition } from '../renditions/rendition.ts'
import type { TilePlace } from './levels.ts'

type Levels = Pick<Rendition, 'width' | 'height' | 'tileSize' | 'levels' | 'passThrough'>

/** The stored level that is the slide halved so often; undefined where the file has none (scanners leave out most). */
export function storedLevel(rendition: Levels, halvings: number): number | undefined {
  const wanted = 2 ** halvings
  const near = rendition.levels[halvings]
  // A pyramid of ours has them all.
  if (near && exactDownsample(rendition, near) === wanted) return halvings
  const level = rendition.levels.findIndex(candidate => exactDownsample(rendition, candidate) === wanted)
  return level < 0 ? undefined : level
}

/** Whether a tile must be rendered: its level is not stored, or ends a rounded pixel earlier, or nothing is JPEG. */
export function isRendered(rendition: Levels, place: TilePlace): boolean {
  if (!rendition.passThrough) return true
  const level = storedLevel(rendition, place.halvings)
  if (level === undefined) return !isBelowPyramid(rendition, place.halvings)
  const { width, height } = rendition.levels[level]!
  const { tileSize } = rendition
  return place.column * tileSize + place.width > width || place.row * tileSize + place.height > height
}

/** A pyramid ends with a single tile, from which the levels below are made by halving. */
function isBelowPyramid(rendition: Levels, halvings: number): boolean {
  const last = rendition.levels.length - 1
  const { columns, rows } = rendition.levels[last]!
  return halvings > last && columns * rows === 1 && storedLevel(rendition, last) === last
}

/** The picture that shows what the tile shows. */
export function tilePicture({ width, height, tileSize }: Levels, place: TilePlace): Picture {
  const factor = 2 ** place.halvings
  const x = place.column * tileSize * factor
  const y = place.row * tileSize * factor
  return {
    region: {
      x,
      y,
      width: Math.min(place.width * factor, width - x),
      height: Math.min(place.height * factor, height - y),
    },
    size: { width: place.width, height: place.height },
    mirror: false,
    rotation: 0,
    quality: 'colour',
    format: 'jpeg',
    icc: 'ignore',
  }
}
