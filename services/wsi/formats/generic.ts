import { SlideFileError } from '../errors.ts'
import type { AssociatedImage, SlideDescription } from '../slide.ts'
import { readGeometry } from '../tiff/image.ts'
import type { Ifd, TiffFile } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'
import { decimal } from './aperio.ts'
import { associatedChildren, levelsOf } from './pages.ts'

/** Micrometres per resolution unit: 2 inch (the default of TIFF 6.0), 3 centimetre; 1 means "no unit". */
const MICROMETRES: Record<number, number> = { 2: 25_400, 3: 10_000 }

/**
 * Pixel sizes of a microscope. Outside of it the resolution is a program's default, such as 72, 96 or 300 dpi (353, 265
 * or 85 micrometres), and says nothing.
 */
const PLAUSIBLE_MPP = { min: 0.01, max: 40 }

/** Micrometres per pixel from the resolution fields, null when they are absent or implausible. */
export async function resolutionMpp(ifd: Ifd): Promise<{ x: number; y: number } | null> {
  const unit = MICROMETRES[await ifd.number(Tag.ResolutionUnit, 2)]
  if (!unit) return null
  const x = unit / (await ifd.number(Tag.XResolution, 0))
  const y = unit / (await ifd.number(Tag.YResolution, 0))
  return isPlausibleMpp(x) && isPlausibleMpp(y) ? { x, y } : null
}

/** Whether a resolution in micrometres per pixel can be a microscope's. */
export const isPlausibleMpp = (mpp: number): boolean => mpp >= PLAUSIBLE_MPP.min && mpp <= PLAUSIBLE_MPP.max

/** A level is the first page, or a later tiled one that is marked as a reduced version (NewSubfileType, bit 0). */
export async function isReducedLevel(ifd: Ifd): Promise<boolean> {
  return ifd.index > 0 && ifd.has(Tag.TileWidth) && ((await ifd.number(Tag.NewSubfileType, 0)) & 1) === 1
}

/**
 * A TIFF or BigTIFF that no vendor claims, tiled (as OpenSlide's generic-tiff) or striped (one level).
 * @throws SlideFileError `unsupported` for stacks of images (channels, focal planes, time), `damaged`
 */
export async function describeGeneric(file: TiffFile): Promise<SlideDescription> {
  const [first] = file.ifds as [Ifd]
  const size = await readGeometry(first)
  const levels = [size]
  const associated: AssociatedImage[] = []
  for (const ifd of file.ifds.slice(1)) {
    const { width, height } = await readGeometry(ifd)
    const reduced = await isReducedLevel(ifd)
    if (!reduced && width === size.width && height === size.height) {
      throw new SlideFileError(
        'unsupported',
        'The file is a stack of images (channels, focal planes or time points), not a brightfield slide.',
      )
    }
    if (reduced && first.has(Tag.TileWidth)) levels.push({ ...size, width, height })
    else associated.push({ kind: 'other', width, height })
  }
  return {
    format: 'generic-tiff',
    width: size.width,
    height: size.height,
    levels: levelsOf(levels).sort((a, b) => b.width - a.width),
    mpp: await resolutionMpp(first),
    objectivePower: await ownObjectivePower(first),
    icc: await first.bytes(Tag.IccProfile),
    associated: [...associated, ...(await associatedChildren(file))],
  }
}

/** Generic TIFF has no field for it; pyramids written here keep it in their description. */
async function ownObjectivePower(ifd: Ifd): Promise<number | null> {
  const text = (await ifd.text(Tag.ImageDescription)) ?? ''
  if (!text.startsWith('Coverslip pyramid')) return null
  return decimal(/\bobjective-power\s*=\s*([\d.]+)/.exec(text)?.[1])
}
