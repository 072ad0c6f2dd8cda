import type { Step, TiffFormat } from '../draft.ts'
import { blankUnusedBytes } from './blank-unused-bytes.ts'
import { cleanIccProfiles } from './clean-icc-profiles.ts'
import { clearJpegComments } from './clear-jpeg-comments.ts'
import { dropAssociatedImages } from './drop-associated-images.ts'
import { keepStructuralFields } from './keep-structural-fields.ts'
import { rewriteDescriptions } from './rewrite-descriptions.ts'
import { rewriteDirectories } from './rewrite-directories.ts'

/** A TIFF whose levels stay, tile for tile, at their place in the file. */
const tiff: readonly Step[] = [
  dropAssociatedImages,
  keepStructuralFields,
  rewriteDescriptions,
  cleanIccProfiles,
  clearJpegComments,
  rewriteDirectories,
  blankUnusedBytes,
]

/** What is done to a file of each format that is edited in place, in order. Formats without a procedure are rewritten. */
export const procedures: Readonly<Record<TiffFormat, readonly Step[]>> = {
  aperio: tiff,
  'generic-tiff': tiff,
  hamamatsu: tiff,
}
