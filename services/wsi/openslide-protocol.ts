/** Messages between openslide.ts and its child process. */

export type Request =
  | { id: number; op: 'open'; path: string }
  /** The place is told in level-0 pixels, the size in pixels of the level. With a quality (1 to 100) the answer is a JPEG. */
  | { id: number; op: 'read'; level: number; x: number; y: number; width: number; height: number; quality?: number }
  | { id: number; op: 'associated'; name: string; width: number; height: number }

export type Query = { [R in Request as R['op']]: Omit<R, 'id'> }[Request['op']]

/** What OpenSlide says about an open slide. Properties are the numeric ones that a description needs, no others. */
export interface OpenedSlide {
  vendor: string
  levels: { width: number; height: number }[]
  mppX: string | null
  mppY: string | null
  objectivePower: string | null
  icc: Uint8Array | null
  associated: { name: string; width: number; height: number }[]
}

export interface Outcome {
  slide?: OpenedSlide
  /** Interleaved 8-bit RGB, or a complete JPEG where one was asked for. */
  pixels?: Uint8Array
  /** OpenSlide's own text: to be classified, never shown. */
  error?: string
  /** Which library is not installed, and what installs it. */
  missing?: string
}

export type Answer = Outcome & { id: number }
