/** Aperio and generic TIFF, read where they lie: a region of an object in a store takes the bytes of its tiles. */
import { aperioKind } from '@coverslip/wsi/formats/aperio.ts'
import { isReducedLevel } from '@coverslip/wsi/formats/generic.ts'
import { levelsOf } from '@coverslip/wsi/formats/pages.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import { undecodable } from '@coverslip/wsi/tiff/decode.ts'
import { readImage, type TiffImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { createRegionReader, cutSingleStrip } from '@coverslip/wsi/tiff/region.ts'
import { Tag } from '@coverslip/wsi/tiff/tags.ts'
import type { Picture, SlidePictures } from './slide-pictures.ts'

/** No label or macro is larger; a file may claim any size. */
const MAX_ASSOCIATED_PIXELS = 64 * 1024 * 1024

/**
 * @returns null when the pixels are stored in a way that takes OpenSlide
 * @throws SlideFileError
 */
export async function openTiffPictures(
  source: ByteSource,
  format: 'aperio' | 'generic-tiff',
): Promise<SlidePictures | null> {
  const { ifds } = await readTiff(source)
  const images = (await levelPages(ifds, format)).map(ifd => readImage(ifd, source.size))
  const levels = (await Promise.all(images)).toSorted((a, b) => b.width - a.width)
  if (levels.some(image => undecodable(image) !== null)) return null
  const readers = levels.map(image => createRegionReader(source, cutSingleStrip(image)))
  return {
    levels: levelsOf(levels),
    readLevel: (level, rectangle, signal) => readers[level]!(rectangle, signal),
    async readAssociated(kind, signal) {
      if (format !== 'aperio') return null
      for (const ifd of ifds) {
        if (!ifd.has(Tag.TileWidth) && (await aperioKind(ifd)) === kind) {
          return readWhole(source, await readImage(ifd, source.size, signal), signal)
        }
      }
      return null
    },
    // The source belongs to the caller.
    close: async () => {},
  }
}

async function levelPages(ifds: readonly Ifd[], format: 'aperio' | 'generic-tiff'): Promise<Ifd[]> {
  if (format === 'aperio') return ifds.filter(ifd => ifd.has(Tag.TileWidth))
  const reduced = await Promise.all(ifds.map(isReducedLevel))
  return ifds.filter((_, i) => i === 0 || reduced[i])
}

async function readWhole(source: ByteSource, image: TiffImage, signal?: AbortSignal): Promise<Picture | null> {
  const { width, height } = image
  if (undecodable(image) !== null || width * height > MAX_ASSOCIATED_PIXELS) return null
  const data = await createRegionReader(source, cutSingleStrip(image))({ x: 0, y: 0, width, height }, signal)
  return { width, height, data }
}
