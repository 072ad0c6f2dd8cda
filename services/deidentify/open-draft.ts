import { isReducedLevel } from '@coverslip/wsi/formats/generic.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import { readGeometry, readImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff } from '@coverslip/wsi/tiff/index.ts'
import { Compression, Tag } from '@coverslip/wsi/tiff/tags.ts'
import type { Choices, Draft, Page, TiffFormat } from './draft.ts'

/** Rounding of reduced levels differs between writers: by two pixels, or a hundredth on small levels. */
const SLACK_PIXELS = 2
const SLACK_SHARE = 0.01

interface Size {
  width: number
  height: number
}

/** A level shows the same picture as level 0, so it has its shape; a label or macro has another. */
export function hasShapeOf(full: Size, { width, height }: Size): boolean {
  const expected = (full.height * width) / full.width
  return Math.abs(height - expected) <= SLACK_PIXELS + expected * SLACK_SHARE
}

/**
 * Aperio: tiled pages are levels. Generic TIFF: the first page, and tiled ones marked as reduced. Whatever is not
 * certainly a level is an associated image, whatever it calls itself. NDPI: pages with a magnification.
 */
async function isLevel(ifd: Ifd, first: Ifd, format: TiffFormat): Promise<boolean> {
  if (format === 'hamamatsu') return (await ifd.number(Tag.NdpiSourceLens, 0)) > 0
  if (ifd === first) return true
  if (!ifd.has(Tag.TileWidth) || !first.has(Tag.TileWidth)) return false
  if (format === 'generic-tiff' && !(await isReducedLevel(ifd))) return false
  return hasShapeOf(await readGeometry(first), await readGeometry(ifd))
}

/**
 * Reads the structure of a file that is to be edited in place; its pages are the levels.
 * @returns null when it is stored in a way that cannot be edited (old-style JPEG keeps tables outside of fields)
 * @throws SlideFileError
 */
export async function openDraft(source: ByteSource, format: TiffFormat, choices: Choices = {}): Promise<Draft | null> {
  const tiff = await readTiff(source)
  const [first] = tiff.ifds as [Ifd]
  const pages: Page[] = []
  for (const ifd of tiff.ifds) {
    if (!(await isLevel(ifd, first, format))) continue
    const image = await readImage(ifd, source.size)
    if (image.compression === Compression.OldJpeg) return null
    pages.push({ ifd, image, fields: ifd.entries.map(entry => ({ entry, count: entry.count })) })
  }
  return { choices, source, tiff, format, pages, patches: [], removed: [], secrets: [] }
}
