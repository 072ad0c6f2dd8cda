import type { ClosableSource } from '../../byte-source.ts'
import { SlideFileError } from '../../errors.ts'
import { pictureReader } from '../../picture-reader.ts'
import type { SlideReader } from '../../slide.ts'
import { readImage } from '../../tiff/image.ts'
import type { TiffFile } from '../../tiff/index.ts'
import { createRegionReader } from '../../tiff/region.ts'
import { describeHamamatsu } from './index.ts'
import { readRestartImage, restartPictures } from './restart.ts'

/** An image without restart markers is decoded as a whole and kept: 192 MiB at most. */
const MAX_WHOLE_PIXELS = 64 * 1024 * 1024

/** Below this size 32-bit positions say all, so that readers without the upper words cannot be wrong. */
const FOUR_GIB = 2 ** 32

/**
 * Opens an NDPI slide for its level-0 pixels, from its restart segments, or as a whole where it is small. The reader
 * closes `source`.
 * @returns `reader` null when only OpenSlide may read the pixels
 * @throws SlideFileError `unsupported`, `damaged`
 */
export async function openHamamatsu(path: string, source: ClosableSource, file: TiffFile) {
  const { description, level0 } = await describeHamamatsu(file)
  const image = await readRestartImage(level0, source)
  if (image) {
    const files = { paths: [path], sources: [source] }
    return { description, reader: pictureReader(description, files, area => restartPictures(image, area)) }
  }
  const reader: SlideReader | null = description.width * description.height <= MAX_WHOLE_PIXELS ? await whole() : null
  if (!reader && source.size >= FOUR_GIB) {
    throw new SlideFileError('unsupported', 'The slide is larger than 4 GiB and has no list of its restart markers.')
  }
  return { description, reader }

  async function whole(): Promise<SlideReader> {
    const read = createRegionReader(source, await readImage(level0, source.size))
    return {
      description,
      readRegion: (x, y, width, height, signal) => read({ x, y, width, height }, signal),
      close: () => source.close(),
    }
  }
}
