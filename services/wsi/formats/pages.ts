import { SlideFileError } from '../errors.ts'
import type { AssociatedImage, Level } from '../slide.ts'
import { type Geometry, readGeometry } from '../tiff/image.ts'
import type { Ifd, TiffFile } from '../tiff/index.ts'
import { Tag } from '../tiff/tags.ts'

/**
 * Levels from the sizes of their images, level 0 first.
 * @throws SlideFileError `damaged` when a level is larger than level 0
 */
export function levelsOf(sizes: Pick<Geometry, 'width' | 'height'>[]): Level[] {
  const [first] = sizes
  if (!first) throw new SlideFileError('damaged', 'The slide has no level.')
  return sizes.map(({ width, height }) => {
    if (width > first.width || height > first.height) {
      throw new SlideFileError('damaged', 'The slide is damaged: a reduced level is larger than the full one.')
    }
    return { width, height, downsample: first.width / width }
  })
}

/** Images that hang on a page as SubIFDs: not levels, so associated until proven otherwise. */
export async function associatedChildren(file: TiffFile): Promise<AssociatedImage[]> {
  const images = allChildren(file.ifds).filter(ifd => ifd.kind === 'sub' && ifd.has(Tag.ImageWidth))
  return Promise.all(
    images.map(async ifd => {
      const { width, height } = await readGeometry(ifd)
      return { kind: 'other' as const, width, height }
    }),
  )
}

const allChildren = (ifds: Ifd[]): Ifd[] => ifds.flatMap(ifd => [...ifd.children, ...allChildren(ifd.children)])
