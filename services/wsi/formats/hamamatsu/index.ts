import { SlideFileError } from '../../errors.ts'
import type { AssociatedImage, SlideDescription } from '../../slide.ts'
import { type Geometry, readGeometry } from '../../tiff/image.ts'
import type { Ifd, TiffFile } from '../../tiff/index.ts'
import { Compression, Tag } from '../../tiff/tags.ts'
import { resolutionMpp } from '../generic.ts'
import { levelsOf } from '../pages.ts'

/** Hamamatsu NDPI: the structure reader has found tag 65420. */
export const isHamamatsu = (file: TiffFile): boolean => file.ndpi

/** SourceLens (65421) of pages that are no level: -1 is the macro (it shows the label too), -2 a map of the tissue. */
const MACRO = -1

/**
 * CaptureMode (65441) from which on pages hold 16-bit grey, whatever BitsPerSample and SamplesPerPixel say (tifffile). A
 * page of three 8-bit components in JPEG is what it is in any mode: macros have mode 8.
 */
const FIRST_16_BIT_MODE = 7

const JPEG_XR = 22610

const unsupported = (what: string) => new SlideFileError('unsupported', what)

/**
 * A slide as its pages are: levels are those with a lens in the plane of focus. OpenSlide lists in between what its JPEG
 * decoder can make of them at half, quarter and eighth size.
 * @throws SlideFileError `unsupported` for focal planes, several channels, 16 bits and JPEG XR; `damaged`
 */
export async function describeHamamatsu(file: TiffFile): Promise<{ description: SlideDescription; level0: Ifd }> {
  const lenses = await Promise.all(file.ifds.map(ifd => ifd.number(Tag.NdpiSourceLens, 0)))
  const pages = file.ifds.filter((_, i) => (lenses[i] as number) > 0)
  const [level0] = pages
  if (!level0) throw new SlideFileError('damaged', 'The slide has no level.')
  const sizes = await Promise.all(pages.map(readGeometry))
  for (const [i, page] of pages.entries()) await assertReadable(page, sizes[i] as Geometry)
  const levels = levelsOf(sizes)
  if (levels.some((level, i) => i > 0 && level.width === levels[i - 1]?.width)) {
    throw unsupported('The slide has several channels or scans of the same size, which are not supported.')
  }
  const description: SlideDescription = {
    format: 'hamamatsu',
    width: (sizes[0] as Geometry).width,
    height: (sizes[0] as Geometry).height,
    levels,
    mpp: await resolutionMpp(level0),
    objectivePower: lenses[level0.index] as number,
    icc: await level0.bytes(Tag.IccProfile),
    associated: await associatedImages(file, lenses),
  }
  return { description, level0 }
}

async function assertReadable(page: Ifd, { bitsPerSample, samplesPerPixel, compression }: Geometry): Promise<void> {
  if ((await page.number(Tag.NdpiFocalPlane, 0)) !== 0) {
    throw unsupported('The slide has several focal planes (a z-stack), which are not supported.')
  }
  const colour = compression === Compression.Jpeg && samplesPerPixel === 3
  const deep = (await page.number(Tag.NdpiCaptureMode, 0)) >= FIRST_16_BIT_MODE && !colour
  if (deep || bitsPerSample !== 8) {
    throw unsupported('The slide has more than 8 bits per colour, which is not supported.')
  }
  if (compression === JPEG_XR) throw unsupported('The slide is stored as JPEG XR, which is not supported.')
  if (compression !== Compression.Jpeg) throw unsupported('The slide is stored in a compression that is not supported.')
}

/** All pages that show something else than the tissue at a magnification. OpenSlide's list leaves the map out. */
async function associatedImages(file: TiffFile, lenses: readonly number[]): Promise<AssociatedImage[]> {
  const pages = file.ifds.filter((_, i) => !((lenses[i] as number) > 0))
  return Promise.all(
    pages.map(async (ifd: Ifd) => {
      const { width, height } = await readGeometry(ifd)
      const kind = lenses[ifd.index] === MACRO ? ('macro' as const) : ('other' as const)
      return { kind, width, height }
    }),
  )
}
