/**
 * A de-identification in the making: what of a TIFF file stays, what is written over it, and what went. Steps take a
 * draft and return the next one; nothing is written before the last step.
 */
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { TiffImage } from '@coverslip/wsi/tiff/image.ts'
import type { Entry, Ifd, TiffFile } from '@coverslip/wsi/tiff/index.ts'
import type { Rectangle } from '@coverslip/wsi/tiff/region.ts'
import type { Removed } from '../report/report.ts'
import type { DatePolicy } from './dates.ts'

/** The formats of TIFF whose files are edited in place. */
export type TiffFormat = 'aperio' | 'generic-tiff' | 'hamamatsu'

/** A field that stays. */
export interface Field {
  entry: Entry
  /** Values; fewer than the entry's when the value was shortened. */
  count: number
  /** What an entry holds instead of its value. */
  value?: Buffer
}

/** A page that stays. */
export interface Page {
  role: 'level' | 'macro' | 'thumbnail'
  ifd: Ifd
  image: TiffImage
  fields: readonly Field[]
}

/** Bytes to write over the copy: a new value, or so many zeros. */
export type Patch = { offset: number; bytes: Buffer } | { offset: number; zeros: number }

/** What a site or a reviewer asks for. */
export interface Choices {
  /** Blanked on all levels; level-0 pixels. */
  redact?: readonly Rectangle[]
  /** The macro stays, but for the end where the site's scanners show the label. */
  keepMacro?: LabelSide | undefined
  /** The thumbnail stays where it shows no ink, and nothing that the levels do not show. */
  keepThumbnail?: boolean | undefined
  /** What may stay of dates; nothing where it is not said. */
  dates?: DatePolicy | undefined
  /** What the new id of an MRXS is drawn from: the same gives the same. At random where it is not given. */
  idSeed?: Buffer | undefined
}

/** The end of the macro at which the label is. */
export type LabelSide = 'left' | 'right' | 'top' | 'bottom'

export interface Draft {
  readonly choices: Choices
  /** The file as received. */
  readonly source: ByteSource
  readonly tiff: TiffFile
  readonly format: TiffFormat
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

/** Slides have hundreds; a file made to exhaust memory, or the report's way over the bus, has millions. */
const MAX_TAKEN = 5000

/** The draft with more things gone. @throws SlideFileError `too-large` when they are too many to report */
export function take<AnyDraft extends Pick<Draft, 'removed' | 'secrets'>>(
  draft: AnyDraft,
  taken: readonly Taken[],
): AnyDraft {
  const removed = [...draft.removed, ...taken.flatMap(({ removed }) => (removed ? [removed] : []))]
  const secrets = [...draft.secrets, ...taken.flatMap(({ secret }) => (secret ? [secret] : []))]
  if (removed.length > MAX_TAKEN || secrets.length > MAX_TAKEN) {
    throw new SlideFileError('too-large', `The file has more than ${MAX_TAKEN} fields and texts to remove.`)
  }
  return { ...draft, removed, secrets }
}

/** The levels, level 0 first in its file. */
export const levelPages = ({ pages }: Pick<Draft, 'pages'>): Page[] => pages.filter(({ role }) => role === 'level')

/** The length of a field's value in the result. */
export const fieldLength = ({ entry, count }: Field): number =>
  entry.count === 0 ? 0 : (entry.byteLength / entry.count) * count
