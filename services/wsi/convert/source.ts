import { isTiffSlide } from '../open.ts'
import { isPictureSlide } from '../pictures.ts'
import type { SlideReader } from '../slide.ts'
import { storedPixels } from '../stored-pixels.ts'
import { keptRows } from '../tiff/region.ts'
import type { BlockGeometry } from './plan.ts'
import type { PlanOptions } from './pyramid-plan.ts'
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
  /** Whether blocks beside each other are best read together: the slide is stored in strips. */
  inRows: boolean
  decoder: DecoderModule | null
  pixels(block: BlockGeometry, signal: AbortSignal): Promise<{ pixels: SourcePixels; transfer: ArrayBuffer[] }>
}

const isStriped = (slide: SlideReader) => isTiffSlide(slide) && !slide.tiff.level0.tiled

/** What a plan has to know of how a slide is stored, beside its description. */
export const storageOf = (slide: SlideReader): Pick<PlanOptions, 'blockSize' | 'sourcePixels'> => ({
  sourcePixels: storedPixels(slide),
  // Rows of blocks as high as the reader keeps decoded strips.
  ...(isStriped(slide) && { blockSize: keptRows(slide.description.width) }),
})

export function blockSource(path: string, slide: SlideReader): BlockSource {
  if (isTiffSlide(slide) && areStoredTiles(slide.tiff.level0)) {
    const { level0 } = slide.tiff
    const { tileWidth, tileHeight, photometric, jpegTables } = level0
    const setup: StoredImage = { path, tileWidth, tileHeight, photometric, jpegTables }
    return {
      inRows: false,
      decoder: { module: new URL('./stored-tiles.ts', import.meta.url).href, setup },
      pixels: async block => ({ pixels: { kind: 'stored', request: storedTiles(level0, block) }, transfer: [] }),
    }
  }
  if (isPictureSlide(slide)) {
    const { files, inside } = slide.pictures
    return {
      inRows: false,
      decoder: { module: new URL('./stored-pictures.ts', import.meta.url).href, setup: { files } },
      pixels: async block => ({ pixels: { kind: 'stored', request: inside(block) }, transfer: [] }),
    }
  }
  return {
    inRows: isStriped(slide),
    decoder: null,
    pixels: async ({ x, y, width, height }, signal) => {
      const data = await slide.readRegion(x, y, width, height, signal)
      const whole = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength
      return { pixels: { kind: 'rgb', data }, transfer: whole ? [data.buffer as ArrayBuffer] : [] }
    },
  }
}
