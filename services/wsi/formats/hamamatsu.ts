import type { AssociatedImage } from '../slide.ts'
import { readGeometry } from '../tiff/image.ts'
import type { Ifd, TiffFile } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'

/** Hamamatsu NDPI: the structure reader has found tag 65420. */
export const isHamamatsu = (file: TiffFile): boolean => file.ndpi

/** SourceLens (65421) of pages that are no level: -1 is the macro (it shows the label too), -2 a map of the tissue. */
const MACRO = -1

/** All pages that show something else than the tissue at a magnification. OpenSlide's list leaves the map out. */
export async function hamamatsuAssociated(file: TiffFile): Promise<AssociatedImage[]> {
  const lenses = await Promise.all(file.ifds.map(ifd => ifd.number(Tag.NdpiSourceLens, 0)))
  const pages = file.ifds.filter((_, i) => (lenses[i] as number) < 0)
  return Promise.all(
    pages.map(async (ifd: Ifd) => {
      const { width, height } = await readGeometry(ifd)
      const kind = lenses[ifd.index] === MACRO ? ('macro' as const) : ('other' as const)
      return { kind, width, height }
    }),
  )
}
