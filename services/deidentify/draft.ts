/**
 * A de-identification in the making: what of a TIFF file stays, what is written over it, and what went. Steps take a
 * draft and return the next one; nothing is written before the last step.
 */
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { TiffImage } from '@coverslip/wsi/tiff/image.ts'
import type { Entry, Ifd, TiffFile } from '@coverslip/wsi/tiff/index.ts'
import type { Removed } from './report.ts'

/** The formats whose files are edited in place; the others are rewritten from their pixels. */
export type InPlaceFormat = 'aperio' | 'generic-tiff'

/** A field that stays. */
export interface Field {
  entry: Entry
  /** Values; fewer than the entry's when the value was shortened. */
  count: number
}

/** A page that stays: one level. */
export interface Page {
  ifd: Ifd
  image: TiffImage
  fields: readonly Field[]
}

/** Bytes to write over the copy: a new value, or so many zeros. */
export type Patch = { offset: number; bytes: Buffer } | { offset: number; zeros: number }

export interface Draft {
  /** The file as received. */
  readonly source: ByteSource
  readonly tiff: TiffFile
  readonly format: InPlaceFormat
  readonly pages: readonly Page[]
  readonly patches: readonly Patch[]
  readonly removed: readonly Removed[]
  /** Removed texts; none of them may be anywhere in the result. Never logged, never stored. */
  readonly secrets: readonly Buffer[]
}

/** One step of a procedure. @throws SlideFileError for a file that it cannot work on */
export type Step = (draft: Draft, signal?: AbortSignal) => Promise<Draft>

/** What a step took away. */
export interface Taken {
  /** Absent when another entry of the report speaks of it. */
  removed?: Removed
  secret?: Buffer | null
}

/** The draft with more things gone. */
export function take(draft: Draft, taken: readonly Taken[]): Draft {
  return {
    ...draft,
    removed: [...draft.removed, ...taken.flatMap(({ removed }) => (removed ? [removed] : []))],
    secrets: [...draft.secrets, ...taken.flatMap(({ secret }) => (secret ? [secret] : []))],
  }
}

/** The length of a field's value in the result. */
export const fieldLength = ({ entry, count }: Field): number =>
  entry.count === 0 ? 0 : (entry.byteLength / entry.count) * count
