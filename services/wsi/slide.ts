/**
 * What a slide is, whatever the format of its file. Coordinates are level-0 pixels, y down, pixel (0,0) spans [0,1).
 */

/** OpenSlide's vendor names; `generic-tiff` also covers striped TIFF, which OpenSlide does not open. */
export type SlideFormat =
  | 'aperio'
  | 'generic-tiff'
  | 'hamamatsu'
  | 'mirax'
  | 'leica'
  | 'philips-tiff'
  | 'ventana'
  | 'trestle'
  | 'sakura'
  | 'zeiss'
  | 'dicom'

export interface Level {
  /** Pixels. */
  width: number
  height: number
  /** Level-0 width divided by this level's width. */
  downsample: number
}

export type AssociatedKind = 'label' | 'macro' | 'thumbnail' | 'other'

export interface AssociatedImage {
  kind: AssociatedKind
  width: number
  height: number
}

export interface SlideDescription {
  format: SlideFormat
  width: number
  height: number
  levels: Level[]
  /** Micrometres per level-0 pixel, null when the file does not say ("uncalibrated"). */
  mpp: { x: number; y: number } | null
  objectivePower: number | null
  /** The ICC profile's bytes, as in the file. */
  icc: Buffer | null
  associated: AssociatedImage[]
}

/** Random access to bytes: a local file, an object in a store, a buffer in a test. */
export interface ByteSource {
  readonly size: number
  /** Reads exactly `length` bytes; throws SlideFileError `damaged` when the range passes the end. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer>
}

/** A slide opened for its pixels. */
export interface SlideReader {
  readonly description: SlideDescription
  /** Bytes in which level 0 is stored, where the reader itself does not show them (stored-pixels.ts). */
  readonly storedPixels?: number
  /**
   * Level-0 pixels of a rectangle as interleaved 8-bit RGB, `width * height * 3` bytes; transparent or missing areas and
   * what lies outside the slide are white.
   */
  readRegion(x: number, y: number, width: number, height: number, signal?: AbortSignal): Promise<Buffer>
  close(): Promise<void>
}
