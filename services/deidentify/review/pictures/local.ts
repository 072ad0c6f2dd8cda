import { openFile } from '@coverslip/wsi/byte-source.ts'
import { openSlidePictures } from './openslide.ts'
import type { SlidePictures } from './slide-pictures.ts'
import { openTiffPictures } from './tiff.ts'

/**
 * A slide file on disk.
 * @param format as OpenSlide calls it; `generic-tiff` for pyramids
 * @throws SlideFileError
 */
export async function openLocalPictures(path: string, format: string, signal?: AbortSignal): Promise<SlidePictures> {
  if (format !== 'aperio' && format !== 'generic-tiff') return openSlidePictures(path, signal)
  const source = await openFile(path)
  const slide = await openTiffPictures(source, format).catch(async error => {
    await source.close()
    throw error
  })
  if (slide) return { ...slide, close: () => source.close() }
  await source.close()
  return openSlidePictures(path, signal)
}
