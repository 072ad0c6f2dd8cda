/** The pictures that a reviewer compares; decoded when they are asked for, kept nowhere. */
import type { Review } from '@coverslip/proto/api/reviews.ts'
import { factsOf, type ReviewTable } from './store.ts'

type ReviewImage = Review['images'][number]

/** The pictures there are of a slide: those of the source until the slide is released. */
export function imagesOf(row: ReviewTable): ReviewImage[] {
  const { sourceImages, resultImages } = factsOf(row)
  const kinds = new Set(sourceImages.map(({ kind }) => kind))
  const before = (['label', 'macro'] as const).filter(kind => kinds.has(kind)).map(kind => `before-${kind}` as const)
  const source: ReviewImage[] = row.received ? [...before, 'before-thumbnail'] : []
  const result: ReviewImage[] = row.state === 'rejected' || row.state === 'failed' ? [] : ['after-thumbnail']
  const macro: ReviewImage[] = resultImages.some(({ kind }) => kind === 'macro') ? ['after-macro'] : []
  return [...source, ...result, ...(result.length > 0 ? macro : [])]
}
