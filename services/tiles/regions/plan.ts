/** From which level a picture is made, pure. */
import type { Reduction } from '@coverslip/wsi/turbojpeg.ts'
import type { Rendition, RenditionLevel } from '../renditions/rendition.ts'
import type { Rectangle, Size } from './picture.ts'

export interface Plan {
  level: number
  /** Each tile is decoded to so many times fewer pixels a side. */
  reduction: Reduction
  /** What is cut out, in pixels of the level after the reduction. */
  crop: Rectangle
}

type Levels = Pick<Rendition, 'width' | 'height' | 'levels' | 'tileSize' | 'passThrough'>

/** A request that misses a level by a rounded pixel still has it. */
const TOLERANCE = 1.001

/**
 * The smallest stored level that has every pixel which the picture needs, and the reduction of its tiles that still
 * leaves as many.
 * @param region level-0 pixels
 */
export function planRegion(rendition: Levels, region: Rectangle, size: Size): Plan {
  const scale = Math.min(region.width / size.width, region.height / size.height) * TOLERANCE
  const level = Math.max(
    0,
    rendition.levels.findLastIndex(candidate => exactDownsample(rendition, candidate) <= scale),
  )
  const stored = rendition.levels[level]!
  const downsample = exactDownsample(rendition, stored)
  const reduction = rendition.passThrough ? reductionFor(rendition.tileSize, scale / downsample) : 1
  const available = { width: Math.ceil(stored.width / reduction), height: Math.ceil(stored.height / reduction) }
  const ends = {
    right: region.x + region.width >= rendition.width,
    bottom: region.y + region.height >= rendition.height,
  }
  const crop = cropOf(region, downsample * reduction, available, ends)
  return { level, reduction, crop }
}

/** The stored tile that has just the pixels of a crop, from its upper left corner on; undefined where none has. */
export function tileOf({ tileSize }: Pick<Levels, 'tileSize'>, { reduction, crop }: Plan) {
  const { x, y, width, height } = crop
  const inside = reduction === 1 && x % tileSize === 0 && y % tileSize === 0 && width <= tileSize && height <= tileSize
  return inside ? { column: x / tileSize, row: y / tileSize } : undefined
}

/**
 * Scanners round a level's sides to whole pixels: 4.0003 means 4, so that tiles of a level stay where they are.
 * @returns level-0 pixels per pixel
 */
export function exactDownsample({ width }: Size, level: Pick<RenditionLevel, 'width' | 'downsample'>): number {
  const whole = Math.round(level.downsample)
  return Math.abs(level.width - width / whole) < 1 ? whole : level.downsample
}

function reductionFor(tileSize: number, scale: number): Reduction {
  return ([8, 4, 2] as const).find(reduction => reduction <= scale && tileSize % reduction === 0) ?? 1
}

/** Whole pixels, at least one, inside the level; up to its last one where the region goes to the slide's edge. */
function cropOf(
  region: Rectangle,
  downsample: number,
  available: Size,
  ends: { right: boolean; bottom: boolean },
): Rectangle {
  const x = Math.min(Math.round(region.x / downsample), available.width - 1)
  const y = Math.min(Math.round(region.y / downsample), available.height - 1)
  const right = ends.right ? available.width : Math.round((region.x + region.width) / downsample)
  const bottom = ends.bottom ? available.height : Math.round((region.y + region.height) / downsample)
  return {
    x,
    y,
    width: Math.max(1, Math.min(right, available.width) - x),
    height: Math.max(1, Math.min(bottom, available.height) - y),
  }
}
