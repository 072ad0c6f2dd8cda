import type { ClosableSource } from './byte-source.ts'
import { completePicture, type PictureSlideReader, paintRgb, readsOf, type StoredPicture } from './pictures.ts'
import type { SlideDescription } from './slide.ts'
import type { Rectangle } from './tiff/region.ts'

export interface PictureFiles {
  /** Paths and, in the same order, the open files; closed with the reader. */
  paths: readonly string[]
  sources: readonly ClosableSource[]
}

/** A reader for a slide whose level 0 consists of JPEG pictures. */
export function pictureReader(
  description: SlideDescription,
  { paths, sources }: PictureFiles,
  inside: (area: Rectangle) => StoredPicture[],
): PictureSlideReader {
  const paint = async (area: Rectangle, signal?: AbortSignal): Promise<Buffer> => {
    const target = Buffer.alloc(area.width * area.height * 3, 0xff)
    for (const picture of inside(area)) {
      signal?.throwIfAborted()
      const source = sources[picture.file] as ClosableSource
      const reads = readsOf(picture.ranges).map(([offset, length]) => source.read(offset, length, signal))
      paintRgb(completePicture(picture, await Promise.all(reads)), picture, area, target)
    }
    return target
  }
  return {
    description,
    pictures: { files: paths, inside },
    readRegion: async (x, y, width, height, signal) => {
      const area = insideSlide({ x, y, width, height }, description)
      if (area.width === width && area.height === height) return paint(area, signal)
      const output = Buffer.alloc(width * height * 3, 0xff)
      if (area.width > 0 && area.height > 0) pasteRows(await paint(area, signal), area, output, { x, y, width, height })
      return output
    },
    close: async () => {
      await Promise.all(sources.map(source => source.close()))
    },
  }
}

function insideSlide({ x, y, width, height }: Rectangle, slide: { width: number; height: number }): Rectangle {
  const [left, top] = [Math.max(0, x), Math.max(0, y)]
  return {
    x: left,
    y: top,
    width: Math.max(0, Math.min(x + width, slide.width) - left),
    height: Math.max(0, Math.min(y + height, slide.height) - top),
  }
}

function pasteRows(pixels: Buffer, area: Rectangle, output: Buffer, region: Rectangle): void {
  for (let row = 0; row < area.height; row++) {
    const at = ((area.y - region.y + row) * region.width + area.x - region.x) * 3
    pixels.copy(output, at, row * area.width * 3, (row + 1) * area.width * 3)
  }
}
