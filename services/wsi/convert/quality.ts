/** How near a pyramid is to the slide it was made of, measured on a few regions. */
import type { ByteSource, SlideReader } from '../slide.ts'
import { readImage, type TiffImage } from '../tiff/image.ts'
import { readTiff } from '../tiff/index.ts'
import { createRegionReader, type Rectangle } from '../tiff/region.ts'
import { boxAverage, cut, type Picture } from './measure.ts'
import { type Nearness, nearness } from './metrics.ts'

export interface LevelQuality extends Nearness {
  level: number
  /** Regions over which the two figures are means. */
  samples: number
}

/** A region covers one tile of this level, or of the last one before it: 2048 level-0 pixels for tiles of 256. */
const SAMPLE_LEVEL = 3
/** Largest and smallest edge, in pixels of a level, of what is compared there. */
const LARGEST = 256
const SMALLEST = 16

/**
 * Compares a pyramid with its source on up to three regions, the same ones at each call: where the pyramid spends most
 * bytes, at the upper quartile, and at the median. The reference of a level is the source, averaged 2x2 as often as the
 * level says. Levels of which a region shows fewer than 16 pixels are left out.
 * @param pyramid as `convert` writes it
 */
export async function measureQuality(
  slide: SlideReader,
  pyramid: ByteSource,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?(fraction: number): void } = {},
): Promise<LevelQuality[]> {
  const { ifds } = await readTiff(pyramid)
  const images = await Promise.all(ifds.map(ifd => readImage(ifd, pyramid.size, signal)))
  const found: Nearness[][] = images.map(() => [])
  const regions = sampleRegions(images)
  for (const [i, { x, y, width, height }] of regions.entries()) {
    onProgress?.(i / regions.length)
    let reference: Picture = { width, height, data: await slide.readRegion(x, y, width, height, signal) }
    for (const [level, image] of images.entries()) {
      if (level > 0) reference = boxAverage(reference)
      if (Math.min(reference.width, reference.height) < SMALLEST) break
      const part = centre(reference)
      const read = createRegionReader(pyramid, image)
      const data = await read({ ...part, x: (x >> level) + part.x, y: (y >> level) + part.y }, signal)
      const picture = { width: part.width, height: part.height, data }
      found[level]?.push(nearness(cut(reference, part.x, part.y, part.width, part.height), picture))
    }
  }
  return found.flatMap((samples, level) => (samples.length > 0 ? [meanOf(level, samples)] : []))
}

/** Level-0 rectangles whose corners every level up to the sampled one shares. */
function sampleRegions(images: TiffImage[]): Rectangle[] {
  const level = Math.min(SAMPLE_LEVEL, images.length - 1)
  const [base, image] = [images[0] as TiffImage, images[level] as TiffImage]
  const byBytes = Array.from(image.counts.keys()).sort(
    (a, b) => (image.counts[b] as number) - (image.counts[a] as number) || a - b,
  )
  const chosen = new Set([0, 1 / 4, 1 / 2].map(share => byBytes[Math.round(share * (byBytes.length - 1))] as number))
  const edge = image.tileWidth << level
  return [...chosen].map(index => {
    const x = (index % image.across) * edge
    const y = Math.floor(index / image.across) * edge
    return { x, y, width: Math.min(edge, base.width - x), height: Math.min(edge, base.height - y) }
  })
}

function centre({ width, height }: Picture): Rectangle {
  const [w, h] = [Math.min(LARGEST, width), Math.min(LARGEST, height)]
  return { x: (width - w) >> 1, y: (height - h) >> 1, width: w, height: h }
}

function meanOf(level: number, samples: Nearness[]): LevelQuality {
  const mean = (of: (sample: Nearness) => number) => samples.reduce((sum, s) => sum + of(s), 0) / samples.length
  return { level, samples: samples.length, psnr: mean(s => s.psnr), ssim: mean(s => s.ssim) }
}
