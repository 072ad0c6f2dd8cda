/**
 * What tiles are read from: a pyramid of ours, or, until there is one, the de-identified original. Coordinates of a level
 * are its own pixels; level 0 is the full size.
 */
export interface RenditionLevel {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** Tiles side by side and one below the other; those at the right and bottom edge may be partly outside the level. */
  readonly columns: number
  readonly rows: number
  /** Level-0 width divided by this level's width. */
  readonly downsample: number
}

/** Interleaved 8-bit RGB, `width * height * 3` bytes. */
export interface Pixels {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

export interface Rendition {
  /** `<revision>` of a pyramid, `<revision>-original` of an original: what URLs, ETags and cache keys hold. */
  readonly name: string
  readonly width: number
  readonly height: number
  /** Pixels of a tile's side. */
  readonly tileSize: number
  /** Those that the file holds, the largest first; downsamples need not be powers of two. */
  readonly levels: readonly RenditionLevel[]
  /** Micrometres per level-0 pixel, null when the slide is not calibrated. */
  readonly mpp: { readonly x: number; readonly y: number } | null
  readonly objectivePower: number | null
  /** The ICC profile's bytes. */
  readonly icc: Buffer | null
  /** Whether tiles leave as they are stored; otherwise each is rendered, which costs a thousand times as much. */
  readonly passThrough: boolean
  /**
   * A complete JPEG of one tile, of the full tile size where it is stored so (the caller clips it at the slide's edge);
   * undefined for a tile that the file leaves out (sparse slides): white by convention.
   * @throws SlideFileError `damaged`
   */
  readTile(level: number, column: number, row: number, signal?: AbortSignal): Promise<Buffer | undefined>
  /** The same bytes when they are to be had without waiting (in the page cache of this machine), else undefined. */
  readTileNow?(level: number, column: number, row: number): Buffer | undefined
  /**
   * The pixels of a rectangle of a level; white outside the level and where tiles are left out.
   * @throws SlideFileError `damaged`
   */
  readRegion(level: number, x: number, y: number, width: number, height: number, signal?: AbortSignal): Promise<Pixels>
  /** Gives back file handles and threads; reads that are under way still end well. */
  close(): Promise<void>
}
