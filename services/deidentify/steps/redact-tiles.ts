import { blankTiles, hasRoom, isBlankable } from '../procedure/blank-tiles.ts'
import { type Draft, levelPages, type Step } from '../procedure/draft.ts'
import { onLevel } from '../procedure/regions.ts'

/** Whether regions of this file can be blanked in place: all levels are JPEG tiles, and there is room behind the end. */
export const canRedactTiles = (draft: Draft): boolean =>
  draft.format !== 'hamamatsu' && hasRoom(draft) && levelPages(draft).every(({ image }) => isBlankable(image))

/** Marked regions become white on every level, in the tiles that they touch. */
export const redactTiles: Step = async draft => {
  const { redact = [] } = draft.choices
  const full = levelPages(draft)[0]!.image
  if (redact.length === 0) return draft
  return blankTiles(
    draft,
    ({ role, image }) => (role === 'level' ? redact.map(region => onLevel(region, full, image)) : []),
    'redacted tiles',
  )
}
