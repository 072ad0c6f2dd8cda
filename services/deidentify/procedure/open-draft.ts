import { aperioKind, aperioProperties, decimal } from '@coverslip/wsi/formats/aperio.ts'
import { isReducedLevel } from '@coverslip/wsi/formats/generic.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import { readGeometry, readImage, type TiffImage } from '@coverslip/wsi/tiff/image.ts'
import { type Ifd, readTiff, type TiffFile } from '@coverslip/wsi/tiff/index.ts'
import { Compression, Tag } from '@coverslip/wsi/tiff/tags.ts'
import { hasRoom, isBlankable } from './blank-tiles.ts'
import type { Choices, Draft, Page, TiffFormat } from './draft.ts'
import { isCleanThumbnail } from './thumbnail.ts'

/** Rounding of reduced levels differs between writers: by two pixels, or a hundredth on small levels. */
const SLACK_PIXELS = 2
const SLACK_SHARE = 0.01

interface Size {
  width: number
  height: number
}

/** A level shows the same picture as level 0, so it has its shape; a label or macro has another. */
function hasShapeOf(full: Size, { width, height }: Size): boolean {
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

const pageOf = (role: Page['role'], ifd: Ifd, image: TiffImage): Page => ({
  role,
  ifd,
  image,
  fields: ifd.entries.map(entry => ({ entry, count: entry.count })),
})

/** SourceLens of Hamamatsu's macro. */
const MACRO_LENS = -1

async function isMacro(ifd: Ifd, format: TiffFormat): Promise<boolean> {
  if (format === 'hamamatsu') return (await ifd.number(Tag.NdpiSourceLens)) === MACRO_LENS
  return format === 'aperio' && !ifd.has(Tag.TileWidth) && (await aperioKind(ifd)) === 'macro'
}

/** Readers take the second page of an Aperio file for its thumbnail: behind a single level no macro is told as one. */
const toldAsMacro = (format: TiffFormat, levels: number): boolean => format !== 'aperio' || levels > 1

/**
 * The macro that the site keeps, when its label can be cut out. Where regions of the tissue are redacted it goes: it shows
 * them, too.
 */
async function keptMacro(
  tiff: TiffFile,
  source: ByteSource,
  format: TiffFormat,
  { keepMacro, redact = [] }: Choices,
): Promise<Page | null> {
  if (!keepMacro || redact.length > 0 || !hasRoom({ tiff, source })) return null
  for (const ifd of tiff.ifds) {
    const image = (await isMacro(ifd, format)) ? await readImage(ifd, source.size).catch(() => null) : null
    if (image && isBlankable(image)) return pageOf('macro', ifd, image)
  }
  return null
}

/**
 * The thumbnail that the site keeps. Only Aperio's files have one; where regions of the tissue are redacted it goes, too.
 */
async function keptThumbnail(
  tiff: TiffFile,
  source: ByteSource,
  format: TiffFormat,
  { keepThumbnail, redact = [] }: Choices,
): Promise<Page | null> {
  const [first, ifd] = tiff.ifds
  if (!keepThumbnail || format !== 'aperio' || redact.length > 0 || !first || !ifd || ifd.has(Tag.TileWidth))
    return null
  const image = await readImage(ifd, source.size).catch(() => null)
  const canBe = image && isBlankable(image) && hasShapeOf(await readGeometry(first), image)
  if (!canBe) return null
  const mpp = decimal(aperioProperties((await first.text(Tag.ImageDescription)) ?? '').get('MPP'))
  return (await isCleanThumbnail(source, mpp)) ? pageOf('thumbnail', ifd, image) : null
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
    pages.push(pageOf('level', ifd, image))
  }
  const macro = toldAsMacro(format, pages.length) ? await keptMacro(tiff, source, format, choices) : null
  const thumbnail = await keptThumbnail(tiff, source, format, choices)
  pages.push(...[macro, thumbnail].filter(page => page !== null))
  pages.sort((a, b) => a.ifd.index - b.ifd.index)
  return { choices, source, tiff, format, pages, patches: [], removed: [], secrets: [] }
}
