/** The list of intake records, and their end. */
import { readCursor, toPage } from '@coverslip/platform/paging.ts'
import type { IngestDeps } from './module-deps.ts'
import type { Queries, SlideRow } from './store.ts'

const MAX_PAGE = 1000

/** A record with the number of annotation files that came with its slide. */
export type ListedSlide = SlideRow & { annotation_files: string | number | null }

const listed = (queries: Queries) =>
  queries
    .selectFrom('slides')
    .selectAll()
    .select(({ selectFrom, fn }) =>
      selectFrom('uploads')
        .select(fn.countAll<string | number>().as('files'))
        .whereRef('uploads.slide_id', '=', 'slides.slide_id')
        .where('object_key', 'like', '%/annotations-%')
        .as('annotation_files'),
    )
    .where('arrival', '!=', 'deleted')

/** One record; undefined for a slide that intake does not know. */
export const findListed = (queries: Queries, slideId: string): Promise<ListedSlide | undefined> =>
  listed(queries).where('slide_id', '=', slideId).executeTakeFirst()

/**
 * Records of some projects (`*`: all), newest first.
 * @throws ServiceError `invalid` for a cursor that this function did not make
 */
export async function listIntake(
  queries: Queries,
  { projects, limit, cursor }: { projects: string[]; limit: number; cursor: string },
): Promise<{ slides: ListedSlide[]; nextCursor: string }> {
  if (projects.length === 0) return { slides: [], nextCursor: '' }
  const size = Math.min(limit || 100, MAX_PAGE)
  let query = listed(queries)
    .orderBy('received_at', 'desc')
    .orderBy('slide_id', 'desc')
    .limit(size + 1)
  if (!projects.includes('*')) query = query.where('project', 'in', projects)
  if (cursor !== '') {
    const { at, id } = readCursor(cursor)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('received_at', 'slide_id'), '<', tuple(at, id)))
  }
  const rows = await query.execute()
  const { page, nextCursor } = toPage(rows, size, ({ received_at, slide_id }) => ({ at: received_at, id: slide_id }))
  return { slides: page, nextCursor: nextCursor ?? '' }
}

/**
 * Hides the record and tells every keeper of bytes; this service's own part follows with the event. A slide without a
 * record, or deleted before, is fine.
 */
export async function deleteIntake(deps: IngestDeps, slideId: string): Promise<void> {
  await deps.db.transaction(async trx => {
    const hidden = await trx
      .updateTable('slides')
      .set({ arrival: 'deleted' })
      .where('slide_id', '=', slideId)
      .where('arrival', '!=', 'deleted')
      .executeTakeFirstOrThrow()
    if (hidden.numUpdatedRows > 0) await deps.publish(trx, 'slides.deleted', { slideId, reason: 'deleted' })
  })
}
