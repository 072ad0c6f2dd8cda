import type { Subsampling } from '../turbojpeg.ts'
import { REDUCTION } from './grid.ts'
import { FAKE_PATIENT, type Patient } from './patient.ts'

export interface SyntheticOptions {
  /**
   * Level-0 pixels. Some hundred by some hundred is enough for a test and takes about half a second. NDPI is made of
   * whole blocks of four by four tiles and MRXS of whole photographs: sizes are rounded up to those.
   */
  width?: number
  height?: number
  /** Same seed and size, same bytes; whatever the number of workers. */
  seed?: number
  /** Micrometres per pixel. */
  mpp?: number
  objectivePower?: number
  /** `mirax` writes a `.mrxs` file and, beside it, its folder. */
  format?: 'aperio' | 'generic-tiff' | 'hamamatsu' | 'mirax'
  /** A multiple of 16. */
  tileSize?: number
  /** How the JPEG tiles of SVS and TIFF hold their colours. */
  coding?: 'ycbcr' | 'rgb'
  /** Chroma of YCbCr tiles; 4:2:0 unless said, NDPI 4:2:2 (scanners use no 4:2:0, which OpenSlide 3.4 cannot cut). */
  subsampling?: Subsampling
  /** JPEG quality, 1 to 100. */
  quality?: number
  /** Whether the file has a label, and a macro that shows the label too. */
  label?: boolean
  macro?: boolean
  /** What is planted in text, label and macro. */
  patient?: Patient
  /** `all` adds the rare hiding places: SubIFD, EXIF, JPEG comments, unused bytes, text behind the end. */
  hidingPlaces?: 'usual' | 'all'
  /** Default: only when a classic TIFF might not be large enough. */
  bigTiff?: boolean
  /** NDPI: bytes left out before the first picture, which moves all positions past 4 GiB at no cost on disk. */
  hole?: number
  /** MRXS: pixels that neighbouring photographs share. */
  overlap?: number
  /** MRXS with overlap: whether the positions of photographs are compressed (since slide version 2.2) or plain. */
  positions?: 'compressed' | 'plain'
  /** MRXS: a data file is followed by another when it would pass this. */
  dataFileBytes?: number
  /** Threads. */
  workers?: number
  signal?: AbortSignal
  /** Called with 0 to 1, never falling. */
  onProgress?(fraction: number): void
}

/** A classic TIFF ends at 4 GiB; a tile never takes more than about a byte per pixel. */
const CLASSIC_PIXELS = 3e9

/** @throws RangeError for impossible sizes */
export function settle(options: SyntheticOptions) {
  const { width = 20_000, height = 15_000, mpp = 0.499, tileSize = 256, overlap = 32, ...rest } = options
  const size = [width, height, tileSize]
  if (!size.every(n => Number.isInteger(n) && n > 0) || tileSize % 16 || !(mpp > 0))
    throw new RangeError('width and height must be positive integers, tileSize a multiple of 16, mpp positive')
  if (!Number.isInteger(overlap) || overlap < 0 || overlap > tileSize)
    throw new RangeError('photographs overlap by an integer from 0 to tileSize')
  return {
    width,
    height,
    mpp,
    tileSize,
    overlap,
    seed: 1,
    objectivePower: Math.round(10 / mpp),
    format: 'aperio' as const,
    coding: 'ycbcr' as const,
    quality: 80,
    label: true,
    macro: true,
    patient: FAKE_PATIENT,
    hidingPlaces: 'usual' as const,
    bigTiff: width * height > CLASSIC_PIXELS,
    hole: 0,
    positions: 'compressed' as const,
    dataFileBytes: 512 * 1024 * 1024,
    subsampling: options.format === 'hamamatsu' ? ('4:2:2' as const) : ('4:2:0' as const),
    ...rest,
  }
}

export type Settled = ReturnType<typeof settle> & SyntheticOptions

/** The next size that is made of whole squares of four by four tiles. */
export const wholeBlocks = (length: number, tileSize: number): number =>
  Math.ceil(length / (tileSize * REDUCTION)) * tileSize * REDUCTION
