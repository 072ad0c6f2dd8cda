/** The whole slide within a square. */
import type { Rendition } from '../renditions/rendition.ts'
import { fitted, type Picture } from './picture.ts'

/** A JPEG of at most `max` x `max` pixels with the slide's proportions; never enlarged. */
export function thumbnailOf({ width, height }: Pick<Rendition, 'width' | 'height'>, max: number): Picture {
  const factor = Math.min(1, max / Math.max(width, height))
  return {
    region: { x: 0, y: 0, width, height },
    size: fitted({ width, height }, factor),
    mirror: false,
    rotation: 0,
    quality: 'colour',
    format: 'jpeg',
    icc: 'ignore',
  }
}
