/** What a slide's pixels take in its file: level 0 alone, no other level, image, index or slack. */
import { isTiffSlide } from './open.ts'
import { isPictureSlide, type PictureSlideReader } from './pictures.ts'
import type { SlideReader } from './slide.ts'
import { bytesOfTiles } from './tiff/image.ts'

/**
 * Bytes in which level 0 is stored; what several places share is counted once.
 * @returns null where only OpenSlide knows
 */
export function storedPixels(slide: SlideReader): number | null {
  if (isTiffSlide(slide)) return bytesOfTiles(slide.tiff.level0)
  if (isPictureSlide(slide)) return bytesOfPictures(slide)
  return slide.storedPixels ?? null
}

/** Rows of the slide that are looked at together, for the sake of memory. */
const ROWS = 4096

function bytesOfPictures({ description: { width, height }, pictures }: PictureSlideReader): number {
  const found = new Map<string, number>()
  for (let y = 0; y < height; y += ROWS) {
    for (const { file, ranges } of pictures.inside({ x: 0, y, width, height: Math.min(ROWS, height - y) })) {
      for (let i = 0; i < ranges.length; i += 2) found.set(`${file}/${ranges[i]}`, ranges[i + 1] as number)
    }
  }
  return [...found.values()].reduce((sum, bytes) => sum + bytes, 0)
}
