import { isTiffSlide } from '../open.ts'
import { isPictureSlide } from '../pictures.ts'
import type { SlideReader } from '../slide.ts'
import type { BlockGeometry } from './plan.ts'
import { areStoredTiles, type StoredImage, storedTiles } from './stored-tiles.ts'

/** A decoder that each worker makes for itself: a module with `createDecoder`, and what that is given (cloneable). */
export interface DecoderModule {
  module: string
  setup: unknown
}

/** A block's pixels, or what the workers' decoder needs to get at them. */
export type SourcePixels = { kind: 'stored'; request: unknown } | { kind: 'rgb'; data: Uint8Array }

/** Gives the pixels of level-0 blocks: through the workers' own decoder, else from the slide's reader. */
export interface BlockSource {
  decoder: DecoderModule | null
  pixels(block: BlockGeometry, signal: AbortSignal): Promise<{ pixels: SourcePixels; transfer: ArrayBuffer[] }>
}

export function blockSource(path: string, slide: SlideReader): BlockSource {
  if (isTiffSlide(slide) && areStoredTiles(slide.tiff.level0)) {
    const { level0 } = slide.tiff
    const { tileWidth, tileHeight, photometric, jpegTables } = level0
    const setup: StoredImage = { path, tileWidth, tileHeight, photometric, jpegTables }
    return {
      decoder: { module: new URL('./stored-tiles.ts', import.meta.url).href, setup },
      pixels: async block => ({ pixels: { kind: 'stored', request: storedTiles(level0, block) }, transfer: [] }),
    }
  }
  if (isPictureSlide(slide)) {
    const { files, inside } = slide.pictures
    return {
      decoder: { module: new URL('./stored-pictures.ts', import.meta.url).href, setup: { files } },
      pixels: async block => ({ pixels: { kind: 'stored', request: inside(block) }, transfer: [] }),
    }
  }
  return {
    decoder: null,
    pixels: async ({ x, y, width, height }, signal) => {
      const data = await slide.readRegion(x, y, width, height, signal)
      const whole = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength
      return { pixels: { kind: 'rgb', data }, transfer: whole ? [data.buffer as ArrayBuffer] : [] }
    },
  }
}
