/** Reading: pages of a slide's annotations and of its changes, each with the slide's counter of the same moment. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import type { Annotation } from './annotation.ts'
import type { Box } from './geometry.ts'
import { shiftOf } from './store.ts'
import { ANNOTATION_COLUMNS, type AnnotationRow, type AnnotationTables, fromRow } from './tables.ts'

type Query = Kysely<AnnotationTables>

export interface ListPage {
  annotations: Annotation[]
  /** Where the next page begins; undefined after the last one. */
  next: number | undefined
  /** The slide's counter when the page was read. */
  seq: number
}
export interface Change {
  seq: number
  id: string
  /** Undefined when it is deleted. */
  annotation: Annotation | undefined
}
export interface ChangesPage {
  changes: Change[]
  more: boolean
}

/** What a page of one answer may hold; gRPC takes 4 MiB, and each feature gets some more text than it has here. */
const PAGE_BYTES = 2.5 * 2 ** 20

interface Row extends AnnotationRow {
  created_seq: number
  is_deleted: boolean
  candidates: number
}

/**
 * Annotations in the order in which they were made, which no change alters: a page that is fetched later lacks nothing.
 * @param filter.after `next` of the page before; 0 for the first
 * @throws ServiceError `not-found` when the slide was deleted
 */
export async function listAnnotations(
  query: Query,
  slideId: string,
  filter: { after: number; limit: number; box?: Box | undefined },
): Promise<ListPage> {
  const slide = await readSlide(query, slideId)
  if (!slide) return { annotations: [], next: undefined, seq: 0 }
  const { rows, more, seq } = await readPage(query, slideId, 'created_seq', filter, shiftOf(slide.number))
  return { annotations: rows.map(fromRow), next: more ? Number(rows.at(-1)!.created_seq) : undefined, seq }
}

/**
 * What changed after a number, in order. An annotation that changed several times is listed once, at its latest change:
 * numbers that are left out belong to changes that a later one of this list has overtaken. The last change of the last
 * page has the slide's counter.
 * @throws ServiceError `not-found` when the slide was deleted
 */
export async function listChanges(query: Query, slideId: string, after: number, limit: number): Promise<ChangesPage> {
  const slide = await readSlide(query, slideId)
  if (!slide) return { changes: [], more: false }
  const { rows, more } = await readPage(query, slideId, 'seq', { after, limit }, shiftOf(slide.number))
  const changes = rows.map(row => ({
    seq: Number(row.seq),
    id: row.id,
    annotation: row.is_deleted ? undefined : fromRow(row),
  }))
  return { changes, more }
}

/** Undefined for a slide on which nothing was drawn yet. A slide's number never changes. */
async function readSlide(query: Query, id: string): Promise<{ number: number } | undefined> {
  const slide = await query
    .selectFrom('slides')
    .select(['number', 'is_deleted'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (slide?.is_deleted) throw new ServiceError('not-found', 'There is no such slide')
  return slide && { number: Number(slide.number) }
}

type Order = 'created_seq' | 'seq'
interface PageFilter {
  after: number
  limit: number
  box?: Box | undefined
}

/** One statement, so that the rows and the counter are of one moment. */
async function readPage(
  query: Query,
  slideId: string,
  order: Order,
  filter: PageFilter,
  shift: number,
): Promise<{ rows: Row[]; more: boolean; seq: number }> {
  const found = await query
    .selectFrom('slides')
    .leftJoinLateral(
      eb => cappedRows(eb, slideId, order, filter, shift).as('page'),
      join => join.onTrue(),
    )
    .select('slides.seq as slide_seq')
    .selectAll('page')
    .where('slides.id', '=', slideId)
    .orderBy(`page.${order}`)
    .execute()
  const rows = found.filter(row => row.id !== null) as unknown as Row[]
  const page = rows.slice(0, filter.limit)
  return { rows: page, more: Number(rows[0]?.candidates ?? 0) > page.length, seq: Number(found[0]?.slide_seq ?? 0) }
}

/** Of limit + 1 candidates those that fit into one answer, and always the first. */
function cappedRows(
  eb: ExpressionBuilder<AnnotationTables, 'slides'>,
  slideId: string,
  order: Order,
  filter: PageFilter,
  shift: number,
) {
  const sized = eb
    .selectFrom(candidates(eb, slideId, order, filter, shift).as('candidate'))
    .selectAll()
    .select(sql<number>`sum(bytes) over (order by ${sql.ref(order)})`.as('total'))
    .select(sql<number>`count(*) over ()`.as('candidates'))
  return eb
    .selectFrom(sized.as('sized'))
    .select([...ANNOTATION_COLUMNS, 'created_seq', 'is_deleted', 'candidates'])
    .where(({ or, eb: by }) => or([by('total', '<=', PAGE_BYTES), sql<boolean>`total = bytes`]))
}

function candidates(
  eb: ExpressionBuilder<AnnotationTables, 'slides'>,
  slideId: string,
  order: Order,
  { after, limit, box }: PageFilter,
  shift: number,
) {
  let select = eb
    .selectFrom('annotations')
    .select([...ANNOTATION_COLUMNS, 'created_seq', 'is_deleted', 'bytes'])
    .where('slide_id', '=', slideId)
    .where(order, '>', after)
  if (order === 'created_seq') select = select.where('is_deleted', '=', false)
  if (box) {
    const wanted = `(${box.x0},${box.y0 + shift}),(${box.x1},${box.y1 + shift})`
    // Without OFFSET 0 the planner would rather walk the whole slide in the order asked for than sort a few hits.
    select = select.where(sql<boolean>`place && ${wanted}::box`).offset(0)
  }
  return eb
    .selectFrom(select.as('met'))
    .selectAll()
    .orderBy(order)
    .limit(limit + 1)
}
