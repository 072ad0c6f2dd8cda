/** A de-identification of a MIRAX slide in the making: the files beside the `.mrxs` file, and what of them stays. */
import type { ClosableSource } from '@coverslip/wsi/byte-source.ts'
import type { MiraxGeometry } from '@coverslip/wsi/formats/mirax/geometry.ts'
import type { DataPlace } from '@coverslip/wsi/formats/mirax/index-file.ts'
import type { MiraxRecord } from '@coverslip/wsi/formats/mirax/records.ts'
import type { Slidedat } from '@coverslip/wsi/formats/mirax/slidedat.ts'
import type { Removed } from '../../report/report.ts'
import type { Choices, Patch } from '../draft.ts'

/** A stored image: `place` counts the places of the slide in rows. */
export interface ImagePlace extends DataPlace {
  place: number
}

/** A record beside the zoom levels; without a place when the index has none, or a broken one. */
export interface PlacedRecord extends MiraxRecord {
  place: DataPlace | null
}

/** A macro that stays: where its JPEG is, and its pixels. */
export interface KeptMacro {
  place: DataPlace
  width: number
  height: number
}

/** What is written over a copy of a data file, which then ends at `size`. */
export interface DataEdit {
  patches: readonly Patch[]
  size: number
}

/** A file of the slide that nothing refers to. */
export interface Stray {
  name: string
  bytes: number
}

export interface MiraxDraft {
  readonly choices: Choices
  /** The data files as received, by their number. */
  readonly data: readonly ClosableSource[]
  readonly slidedat: Slidedat
  readonly geometry: MiraxGeometry
  /** Stored images by zoom level. */
  readonly levels: readonly (readonly ImagePlace[])[]
  /** Records that stay. */
  readonly records: readonly PlacedRecord[]
  /** The picture of the whole glass, where the site keeps it; without its label in the end. */
  readonly macro: KeptMacro | null
  readonly strays: readonly Stray[]
  /** The result's id; as long as the old one, since every position counts from behind it. */
  readonly slideId: string
  /** Slidedat.ini and Index.dat of the result, which are made anew. */
  readonly made: { readonly slidedat: Buffer; readonly index: Buffer }
  readonly edits: readonly DataEdit[]
  readonly removed: readonly Removed[]
  /** Removed texts; none of them may be anywhere in the result. Never logged, never stored. */
  readonly secrets: readonly Buffer[]
}

/** One step of the procedure. @throws SlideFileError for a slide that it cannot work on */
export type MiraxStep = (draft: MiraxDraft, signal?: AbortSignal) => Promise<MiraxDraft>
