/** Reading: pages of a slide's annotations and of its changes, each with the slide's counter of the same moment. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Annotation } from '@coverslip/wsi/annotation-files/annotation.ts'
import type { Box } from '@coverslip/wsi/annotation-files/geometry.ts'
import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import { shiftOf } from './columns.ts'
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

const ROW_COLUMNS = [...ANNOTATION_COLUMNS, 'created_seq', 'is_deleted'] as const
/** As ROW_COLUMNS up to `is_deleted`; who made it and when is kept with the current version alone. */
const FORMER_COLUMNS = [
  'former.id',
  'former.version',
  'former.seq',
  'former.content',
  'former.origin',
  'made.author',
  'former.changed_by',
  'made.created_at',
  'former.changed_at',
  'made.created_seq',
] as const

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
  const drawn = (eb: SlideScope) => drawnRows(eb, slideId, filter, shiftOf(slide.number))
  const { rows, more, seq } = await readPage(query, slideId, 'created_seq', filter.limit, drawn)
  return { annotations: rows.map(fromRow), next: more ? Number(rows.at(-1)!.created_seq) : undefined, seq }
}

/**
 * Every change after a number, in order and without gaps: the numbers go on from `after`, the last one of the last page
 * is the slide's counter. Each annotation is as that change left it, whatever became of it since.
 * @throws ServiceError `not-found` when the slide was deleted
 */
export async function listChanges(query: Query, slideId: string, after: number, limit: number): Promise<ChangesPage> {
  const slide = await readSlide(query, slideId)
  if (!slide) return { changes: [], more: false }
  const changed = (eb: SlideScope) => changedRows(eb, slideId, { after, limit })
  const { rows, more } = await readPage(query, slideId, 'seq', limit, changed)
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
type SlideScope = ExpressionBuilder<AnnotationTables, 'slides'>
interface PageFilter {
  after: number
  limit: number
}
/** At most limit + 1 rows of one slide, in order. */
type Candidates = (eb: SlideScope) => ReturnType<typeof drawnRows> | ReturnType<typeof changedRows>

/** One statement, so that the rows and the counter are of one moment. */
async function readPage(
  query: Query,
  slideId: string,
  order: Order,
  limit: number,
  candidates: Candidates,
): Promise<{ rows: Row[]; more: boolean; seq: number }> {
  const found = await query
    .selectFrom('slides')
    .leftJoinLateral(
      eb => cappedRows(eb, order, candidates).as('page'),
      join => join.onTrue(),
    )
    .select('slides.seq as slide_seq')
    .selectAll('page')
    .where('slides.id', '=', slideId)
    .orderBy(`page.${order}`)
    .execute()
  const rows = found.filter(row => row.id !== null) as unknown as Row[]
  const page = rows.slice(0, limit)
  return { rows: page, more: Number(rows[0]?.candidates ?? 0) > page.length, seq: Number(found[0]?.slide_seq ?? 0) }
}

/** Of the candidates those that fit into one answer, and always the first. */
function cappedRows(eb: SlideScope, order: Order, candidates: Candidates) {
  const sized = eb
    .selectFrom(candidates(eb).as('candidate'))
    .selectAll()
    .select(sql<number>`sum(bytes) over (order by ${sql.ref(order)})`.as('total'))
    .select(sql<number>`count(*) over ()`.as('candidates'))
  return eb
    .selectFrom(sized.as('sized'))
    .select([...ROW_COLUMNS, 'candidates'])
    .where(({ or, eb: by }) => or([by('total', '<=', PAGE_BYTES), sql<boolean>`total = bytes`]))
}

/** Annotations that are there, in the order in which they were made. */
function drawnRows(
  eb: SlideScope,
  slideId: string,
  { after, limit, box }: PageFilter & { box?: Box | undefined },
  shift: number,
) {
  let select = eb
    .selectFrom('annotations')
    .select([...ROW_COLUMNS, 'bytes'])
    .where('slide_id', '=', slideId)
    .where('created_seq', '>', after)
    .where('is_deleted', '=', false)
  if (box) {
    const wanted = `(${box.x0},${box.y0 + shift}),(${box.x1},${box.y1 + shift})`
    // Without OFFSET 0 the planner would rather walk the whole slide in the order asked for than sort a few hits.
    select = select.where(sql<boolean>`place && ${wanted}::box`).offset(0)
  }
  return eb
    .selectFrom(select.as('met'))
    .selectAll()
    .orderBy('created_seq')
    .limit(limit + 1)
}

/** Changes: the latest of each annotation, and those that a later one has overtaken. No two have the same number. */
function changedRows(eb: SlideScope, slideId: string, { after, limit }: PageFilter) {
  const latest = eb
    .selectFrom('annotations')
    .select([...ROW_COLUMNS, 'bytes'])
    .where('slide_id', '=', slideId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
  // Limited before the join, so that only what is on the page is looked up.
  const overtaken = eb
    .selectFrom('versions')
    .selectAll()
    .where('slide_id', '=', slideId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit + 1)
  const former = eb
    .selectFrom(overtaken.as('former'))
    .innerJoin('annotations as made', join =>
      join.onRef('made.slide_id', '=', 'former.slide_id').onRef('made.id', '=', 'former.id'),
    )
    .select(FORMER_COLUMNS)
    .select(sql<boolean>`former.content is null`.as('is_deleted'))
    .select('former.bytes')
  const current = eb.selectFrom(latest.as('latest')).select([...ROW_COLUMNS, 'bytes'])
  return eb
    .selectFrom(current.unionAll(former).as('change'))
    .selectAll()
    .orderBy('seq')
    .limit(limit + 1)
}
