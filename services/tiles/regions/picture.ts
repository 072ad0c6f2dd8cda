/** What may be asked of a rendered picture. */
import type { Format } from '../formats.ts'

export interface Size {
  width: number
  height: number
}

/** A rectangle in level-0 pixels, or in those of a level. */
export interface Rectangle extends Size {
  x: number
  y: number
}

export interface Picture {
  /** Level-0 pixels, inside the slide. */
  region: Rectangle
  /** Pixels of the picture, before it is turned. */
  size: Size
  /** Left and right exchanged, before it is turned. */
  mirror: boolean
  /** Degrees clockwise, 0 to 360. What it uncovers is transparent, or white where the format knows no transparency. */
  rotation: number
  quality: 'colour' | 'grey' | 'bitonal'
  format: Format
  /** What becomes of the slide's ICC profile: nothing, written into the picture, or applied to make the picture sRGB. */
  icc: 'ignore' | 'embed' | 'srgb'
}

/** Bounds of one picture: a canvas of the next larger level has at most four times the area, 100 MB. */
export const MAX_SIDE = 4096
export const MAX_AREA = 2 ** 23

/** The largest size with the proportions of `region` that is allowed and not larger than the region itself. */
export function largestSize({ width, height }: Size): Size {
  const factor = Math.min(1, MAX_SIDE / Math.max(width, height), Math.sqrt(MAX_AREA / (width * height)))
  return fitted({ width, height }, factor)
}

/** A size times a factor, each side rounded down to at least 1. */
export const fitted = ({ width, height }: Size, factor: number): Size => ({
  width: Math.max(1, Math.floor(width * factor + 1e-6)),
  height: Math.max(1, Math.floor(height * factor + 1e-6)),
})

/** A short text that names the picture among those of its rendition: for cache keys and ETags. */
export function pictureName({ region, size, mirror, rotation, quality, format, icc }: Picture): string {
  const place = `${region.x},${region.y},${region.width},${region.height}`
  return `${place}-${size.width}x${size.height}-${mirror ? '!' : ''}${rotation}-${quality}-${icc}.${format}`
}
