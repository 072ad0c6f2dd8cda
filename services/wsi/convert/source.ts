import { isTiffSlide } from '../open.ts'
import type { SlideReader } from '../slide.ts'
import type { BlockGeometry } from './plan.ts'
import { areStoredTiles, storedTiles } from './stored-tiles.ts'
import type { BlockPixels, WorkerSetup } from './worker.ts'

/** Gives the pixels of level-0 blocks: stored tiles for the workers to decode, else pixels from the slide's reader. */
export interface BlockSource {
  stored: WorkerSetup['stored']
  pixels(block: BlockGeometry, signal: AbortSignal): Promise<{ pixels: BlockPixels; transfer: ArrayBuffer[] }>
}

export function blockSource(path: string, slide: SlideReader): BlockSource {
  if (isTiffSlide(slide) && areStoredTiles(slide.tiff.level0)) {
    const { level0 } = slide.tiff
    const { tileWidth, tileHeight, photometric, jpegTables } = level0
    return {
      stored: { path, image: { tileWidth, tileHeight, photometric, jpegTables } },
      pixels: async block => ({ pixels: { kind: 'stored', tiles: storedTiles(level0, block) }, transfer: [] }),
    }
  }
  return {
    stored: null,
    pixels: async ({ x, y, width, height }, signal) => {
      const data = await slide.readRegion(x, y, width, height, signal)
      const whole = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength
      return { pixels: { kind: 'rgb', data }, transfer: whole ? [data.buffer as ArrayBuffer] : [] }
    },
  }
}
