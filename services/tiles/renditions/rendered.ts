/**
 * The original of a slide that is no tiled TIFF (MRXS, NDPI and the rest): every tile is rendered by OpenSlide, in a
 * child process that is closed when nobody looks any more.
 */
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { openWithOpenSlide } from '@coverslip/wsi/openslide.ts'
import type { SlideDescription } from '@coverslip/wsi/slide.ts'
import { QUALITY } from '../formats.ts'
import type { Reader, Readers } from './readers.ts'
import type { Pixels, Rendition } from './rendition.ts'

const TILE = 256

/** A region of one request to the child. */
const MOST_PIXELS = 64 * 1024 * 1024

/** A local path of the file, for as long as it is held. */
export type LocalFile = () => Promise<{ path: string; release(): Promise<void> }>

/**
 * Opens an original for rendering.
 * @param local brings the file, with those beside it, to a path
 * @throws SlideFileError `not-a-slide`, `unsupported`, `damaged`, `library-missing`
 */
export async function openRendered(readers: Readers, local: LocalFile, name: string, key: string): Promise<Rendition> {
  const open = async (): Promise<Reader> => {
    const file = await local()
    try {
      const { close, ...reader } = await openWithOpenSlide(file.path)
      return { ...reader, close: () => close().finally(() => file.release()) }
    } catch (error) {
      await file.release()
      throw error
    }
  }
  const description = await readers.use(key, open, async reader => reader.description)
  return renditionOf(description, name, {
    read: work => readers.use(key, open, work),
    close: async () => readers.forget(key),
  })
}

interface Access {
  read<Result>(work: (reader: Reader) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

function renditionOf(
  { mpp, objectivePower, icc, ...slide }: SlideDescription,
  name: string,
  access: Access,
): Rendition {
  const levels = slide.levels.map(({ width, height, downsample }) => ({
    width,
    height,
    columns: Math.ceil(width / TILE),
    rows: Math.ceil(height / TILE),
    downsample,
  }))

  /** A pixel of a level in level-0 pixels. */
  const placeOf = (level: number, x: number, y: number) => {
    const { downsample } = levels[level]!
    return { x: Math.round(x * downsample), y: Math.round(y * downsample) }
  }

  async function readRegion(
    level: number,
    x: number,
    y: number,
    width: number,
    height: number,
    signal?: AbortSignal,
  ): Promise<Pixels> {
    if (width * height > MOST_PIXELS) throw new SlideFileError('too-large', 'The region is too large.')
    const data = await access.read(reader => reader.readLevel(level, placeOf(level, x, y), { width, height }, signal))
    return { width, height, data }
  }

  return {
    name,
    width: slide.width,
    height: slide.height,
    tileSize: TILE,
    levels,
    mpp,
    objectivePower,
    icc,
    passThrough: false,
    readTile(level, column, row, signal) {
      const [place, size] = [placeOf(level, column * TILE, row * TILE), { width: TILE, height: TILE }]
      return access.read(reader => reader.readJpeg(level, place, size, QUALITY, signal))
    },
    readRegion,
    close: access.close,
  }
}
