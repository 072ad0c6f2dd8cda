import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import type { SlidePictures } from './slide-pictures.ts'

/** Blocks of this many pixels go to the child process one after the other. */
const BLOCK_PIXELS = 4 * 1024 * 1024

/**
 * All other formats, through OpenSlide.
 * @param path MRXS: the file, its folder beside it
 * @throws SlideFileError
 */
export async function openSlidePictures(path: string, signal?: AbortSignal): Promise<SlidePictures> {
  const slide = await openWithOpenSlide(path, signal)
  const { levels } = slide.description
  return {
    levels,
    async readLevel(level, { x, y, width, height }, signal) {
      const { downsample } = levels[level]!
      const rows = Math.max(1, Math.floor(BLOCK_PIXELS / width))
      const blocks: Buffer[] = []
      for (let top = 0; top < height; top += rows) {
        const place = { x: Math.round(x * downsample), y: Math.round((y + top) * downsample) }
        blocks.push(await slide.readLevel(level, place, { width, height: Math.min(rows, height - top) }, signal))
      }
      return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks)
    },
    readAssociated: (kind, signal) => slide.readAssociated(kind, signal),
    close: slide.close,
  }
}
