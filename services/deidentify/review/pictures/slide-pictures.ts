/** What can be seen of a slide file: its levels and its associated images, as interleaved 8-bit RGB. */
import type { Level } from '@coverslip/wsi/slide.ts'

export interface Picture {
  width: number
  height: number
  data: Buffer
}

/** Images of the scanner, beside the levels. */
export type AssociatedPicture = 'label' | 'macro' | 'thumbnail'

export interface SlidePictures {
  /** The largest first. */
  levels: readonly Level[]
  /**
   * @param level index into `levels`
   * @param rectangle pixels of that level; inside of it
   */
  readLevel(
    level: number,
    rectangle: { x: number; y: number; width: number; height: number },
    signal?: AbortSignal,
  ): Promise<Buffer>
  /** Null when there is none, or none that can be decoded. */
  readAssociated(kind: AssociatedPicture, signal?: AbortSignal): Promise<Picture | null>
  close(): Promise<void>
}
