/** The pictures there are of a slide under review, and who was shown which of them. */
import type { Review } from '@coverslip/proto/api/reviews.ts'
import type { Queries } from '../store.ts'
import { factsOf, type ReviewTable } from './store.ts'

export type ReviewImage = Review['images'][number]

export interface LookTable {
  slide_id: string
  revision: number
  image: string
  who: string
  at?: Date
}

/** The pictures there are of a slide: those of the source until the slide is released. */
export function imagesOf(row: ReviewTable): ReviewImage[] {
  const { sourceImages, resultImages } = factsOf(row)
  const kinds = new Set(sourceImages.map(({ kind }) => kind))
  const associated = (['label', 'macro'] as const)
    .filter(kind => kinds.has(kind))
    .map(kind => `before-${kind}` as const)
  const before: ReviewImage[] = row.received ? [...associated, 'before-thumbnail'] : []
  if (row.state === 'rejected' || row.state === 'failed') return before
  const macro: ReviewImage[] = resultImages.some(({ kind }) => kind === 'macro') ? ['after-macro'] : []
  return [...before, 'after-thumbnail', ...macro]
}

/** Takes down that somebody was shown a picture of the revision that waits; of slides that do not wait nothing is kept. */
export async function recordLook(queries: Queries, row: ReviewTable, image: ReviewImage, who: string): Promise<void> {
  if (row.state !== 'waiting') return
  const { slide_id, revision } = row
  await queries
    .insertInto('looks')
    .columns(['slide_id', 'revision', 'image', 'who'])
    // The slide may be deleted at the same moment.
    .expression(eb =>
      eb
        .selectFrom('reviews')
        .select(select => [
          'slide_id',
          'revision',
          select.val<string>(image).as('image'),
          select.val<string>(who).as('who'),
        ])
        .where('slide_id', '=', slide_id)
        .where('revision', '=', revision),
    )
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/** What somebody has not been shown yet of the revision that waits. */
export async function notLookedAt(queries: Queries, row: ReviewTable, who: string): Promise<ReviewImage[]> {
  const { slide_id, revision } = row
  const seen = await queries
    .selectFrom('looks')
    .select('image')
    .where('slide_id', '=', slide_id)
    .where('revision', '=', revision)
    .where('who', '=', who)
    .execute()
  const images = new Set(seen.map(({ image }) => image))
  return imagesOf(row).filter(image => !images.has(image))
}
