/** Where things lie in objects.pyramid. */
import { type PyramidPlan, planDigest } from '@coverslip/wsi/convert/parts.ts'

/** One revision of a slide. */
export interface SlideRevision {
  slideId: string
  revision: number
}

export const pyramidKey = ({ slideId, revision }: SlideRevision): string => `${slideId}/${revision}/pyramid.tiff`

/** Of all parts of a revision, whatever their plan. */
export const partsPrefix = ({ slideId, revision }: SlideRevision): string => `${slideId}/${revision}/parts-`

/** A part of another plan has another key: it is never taken for one of this plan. */
export function partKey(build: SlideRevision, plan: PyramidPlan, part: number): string {
  const digest = planDigest(plan).toString('hex', 0, 8)
  return `${partsPrefix(build)}${digest}-${String(part).padStart(5, '0')}`
}
