/** Levels of NDPI, whose restart segments are blanked at their places. */
import { blankSegment, scanCoding } from '@coverslip/wsi/blank-segment.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { type RestartImage, readRestartImage } from '@coverslip/wsi/formats/hamamatsu/restart.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import type { Page, Patch } from './draft.ts'
import { onTile } from './regions.ts'

/** The restart segments of a level, where its stream is cut into such and coded in one scan. */
export async function restartSegments({ ifd }: Page, source: ByteSource): Promise<RestartImage | null> {
  const image = await readRestartImage(ifd, source)
  return image && scanCoding(image.header) ? image : null
}

interface Place {
  index: number
  area: Rectangle
}

/** Segments that a region touches; they lie in rows. */
function* placesUnder({ across, segmentWidth, segmentHeight }: RestartImage, region: Rectangle): Generator<Place> {
  const bottom = Math.ceil((region.y + region.height) / segmentHeight)
  const right = Math.ceil((region.x + region.width) / segmentWidth)
  for (let row = Math.floor(region.y / segmentHeight); row < bottom; row++) {
    for (let column = Math.floor(region.x / segmentWidth); column < Math.min(right, across); column++) {
      const corner = { x: column * segmentWidth, y: row * segmentHeight }
      yield { index: row * across + column, area: { ...corner, width: segmentWidth, height: segmentHeight } }
    }
  }
}

/**
 * White units where regions are, as patches of the same length; all else of the stream stays, the list of segments too.
 * @param regions in pixels of the level
 * @throws SlideFileError `unsupported` when the stream's coding has no way to say it
 */
export async function blankSegments(
  source: ByteSource,
  image: RestartImage,
  regions: readonly Rectangle[],
  signal?: AbortSignal,
): Promise<Extract<Patch, { bytes: Buffer }>[]> {
  const scan = scanCoding(image.header)!
  const { unitWidth } = scan
  const touched = new Map(regions.flatMap(region => [...placesUnder(image, region)]).map(place => [place.index, place]))
  const patches: Extract<Patch, { bytes: Buffer }>[] = []
  for (const { index, area } of touched.values()) {
    signal?.throwIfAborted()
    const blanks = onTile(regions, area)
    const isBlank = Array.from({ length: image.segmentWidth / unitWidth }, (_, unit) =>
      blanks.some(({ x, width }) => x < (unit + 1) * unitWidth && unit * unitWidth < x + width),
    )
    const offset = image.starts[index]!
    const before = await source.read(offset, image.starts[index + 1]! - offset)
    const bytes = blankSegment(scan, before, isBlank)
    if (!bytes) {
      throw new SlideFileError(
        'unsupported',
        'The slide is coded in a way that leaves no room for a region that is blanked.',
      )
    }
    if (!bytes.equals(before)) patches.push({ offset, bytes })
  }
  return patches
}
