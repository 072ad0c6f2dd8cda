import type { Step, TiffFormat } from '../procedure/draft.ts'
import type { MiraxStep } from '../procedure/mirax/draft.ts'
import { blankUnusedBytes } from './blank-unused-bytes.ts'
import { cleanIccProfiles } from './clean-icc-profiles.ts'
import { clearJpegComments } from './clear-jpeg-comments.ts'
import { clearTileTails } from './clear-tile-tails.ts'
import { convertDates } from './convert-dates.ts'
import { cutLabel } from './cut-label.ts'
import { dropAssociatedImages } from './drop-associated-images.ts'
import { keepStructuralFields } from './keep-structural-fields.ts'
import { blankUnused } from './mirax/blank-unused.ts'
import { checkPositions } from './mirax/check-positions.ts'
import { clearComments } from './mirax/clear-comments.ts'
import { cutMiraxLabel } from './mirax/cut-label.ts'
import { dropRecords } from './mirax/drop-records.ts'
import { dropStrays } from './mirax/drop-strays.ts'
import { redactImages } from './mirax/redact-images.ts'
import { rewriteIndex } from './mirax/rewrite-index.ts'
import { rewriteSlidedat } from './mirax/rewrite-slidedat.ts'
import { redactTiles } from './redact-tiles.ts'
import { rewriteDescriptions } from './rewrite-descriptions.ts'
import { rewriteDirectories } from './rewrite-directories.ts'

/** A TIFF whose levels stay, tile for tile, at their place in the file. */
const tiff: readonly Step[] = [
  dropAssociatedImages,
  keepStructuralFields,
  convertDates,
  rewriteDescriptions,
  cleanIccProfiles,
  clearJpegComments,
  clearTileTails,
  cutLabel,
  redactTiles,
  rewriteDirectories,
  blankUnusedBytes,
]

/** A MIRAX slide whose stored images stay at their places in the data files. */
export const miraxProcedure: readonly MiraxStep[] = [
  dropRecords,
  checkPositions,
  dropStrays,
  rewriteSlidedat,
  clearComments,
  cutMiraxLabel,
  redactImages,
  rewriteIndex,
  blankUnused,
]

/** What is done to a file of each format that is edited in place, in order. Formats without a procedure are rewritten. */
export const procedures: Readonly<Record<TiffFormat, readonly Step[]>> = {
  aperio: tiff,
  'generic-tiff': tiff,
  hamamatsu: tiff,
}
