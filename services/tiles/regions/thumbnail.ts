/** The whole slide within a square: the smallest level that is large enough, reduced. */
import sharp from 'sharp'
import type { Rendition } from '../renditions/rendition.ts'

const QUALITY = 80

/** A JPEG of at most `max` x `max` pixels with the slide's proportions; never enlarged. */
export async function readThumbnail(rendition: Rendition, max: number, signal?: AbortSignal): Promise<Buffer> {
  const enough = rendition.levels.findLastIndex(({ width, height }) => Math.max(width, height) >= max)
  const level = Math.max(enough, 0)
  const { width, height } = rendition.levels[level]!
  const { data } = await rendition.readRegion(level, 0, 0, width, height, signal)
  return sharp(data, { raw: { width, height, channels: 3 } })
    .resize(max, max, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer()
}
