import type { Db } from '@coverslip/platform/db/port.ts'
import type { Position } from '@coverslip/platform/paging.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { type ColumnType, type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { KeptEventsTable } from './kept-events.ts'
import { newResearchNumber } from './research-number.ts'
import { type Change, type Slide, type SlideState, unseenSlide } from './slide.ts'

/** pg gives bigint as text, PGlite as a number. */
type Bigint = ColumnType<string | number | bigint, number, number>

export interface SlidesTable {
  id: string
  project: string | null
  name: string
  state: SlideState
  progress: number
  ends_at: Date | null
  reason: string | null
  revision: number
  described_revision: number
  format: string
  geometry: ColumnType<unknown, string | null, string | null>
  subject: string
  case: string
  specimen: string
  block: string
  glass: string
  source_bytes: Bigint
  original_bytes: Bigint
  pyramid_bytes: Bigint
  report_json: string | null
  created_at: Date
  changed_at: Date
}
export interface CatalogTables {
  slides: SlidesTable
  kept_events: KeptEventsTable
}

const fromRow = (row: Selectable<SlidesTable>): Slide => ({
  id: row.id,
  project: row.project,
  name: row.name,
  state: row.state,
  progress: row.progress,
  endsAt: row.ends_at,
  reason: row.reason,
  revision: row.revision,
  describedRevision: row.described_revision,
  format: row.format,
  geometry: row.geometry ? Geometry.fromJSON(row.geometry) : null,
  pseudonyms: {
    subject: row.subject,
    case: row.case,
    specimen: row.specimen,
    block: row.block,
    glass: row.glass,
  },
  sourceBytes: Number(row.source_bytes),
  originalBytes: Number(row.original_bytes),
  pyramidBytes: Number(row.pyramid_bytes),
  reportJson: row.report_json,
  createdAt: row.created_at,
  changedAt: row.changed_at,
})

const toRow = (slide: Slide) => ({
  id: slide.id,
  project: slide.project,
  name: slide.name,
  state: slide.state,
  progress: slide.progress,
  ends_at: slide.endsAt,
  reason: slide.reason,
  revision: slide.revision,
  described_revision: slide.describedRevision,
  format: slide.format,
  geometry: slide.geometry ? JSON.stringify(Geometry.toJSON(slide.geometry)) : null,
  ...slide.pseudonyms,
  source_bytes: slide.sourceBytes,
  original_bytes: slide.originalBytes,
  pyramid_bytes: slide.pyramidBytes,
  report_json: slide.reportJson,
  created_at: slide.createdAt,
  changed_at: slide.changedAt,
})

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Undefined for a slide that the catalog has never heard of, or of which it does not know the project yet. */
export async function findSlide(query: Kysely<CatalogTables>, id: string): Promise<Slide | undefined> {
  if (!UUID.test(id)) return undefined
  const row = await query
    .selectFrom('slides')
    .selectAll()
    .where('id', '=', id)
    .where('project', 'is not', null)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** Of any slide that an event has told of, also before its project is known. */
export async function findState(query: Kysely<CatalogTables>, id: string): Promise<SlideState | undefined> {
  const row = await query.selectFrom('slides').select('state').where('id', '=', id).executeTakeFirst()
  return row?.state
}

/**
 * Applies a change to a slide under its row lock; a slide never seen is made first.
 * @returns whether anything changed
 */
export async function changeSlide(
  trx: Transaction<CatalogTables>,
  id: string,
  change: (slide: Slide) => Change,
): Promise<boolean> {
  const slide = await lockSlide(trx, id)
  const changed = change(slide)
  if (!changed) return false
  const { id: _, ...values } = toRow({ ...slide, ...changed, changedAt: new Date() })
  await trx.updateTable('slides').set(values).where('id', '=', id).execute()
  return true
}

async function lockSlide(trx: Transaction<CatalogTables>, id: string): Promise<Slide> {
  for (;;) {
    const row = await trx.selectFrom('slides').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
    if (row) return fromRow(row)
    // Nothing is inserted when another process was faster, or in the rare case that the number is taken: look again.
    const slide = unseenSlide(id, newResearchNumber(), new Date())
    await trx
      .insertInto('slides')
      .values(toRow(slide))
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}

export interface SlideFilter {
  /** `*` stands for all. */
  projects: readonly string[]
  /** Found in the name or a pseudonym, any case. */
  q: string
  after: Position | undefined
  limit: number
}

/** Newest first; withdrawn slides are left out. */
export async function listSlides(query: Kysely<CatalogTables>, filter: SlideFilter): Promise<Slide[]> {
  let select = query
    .selectFrom('slides')
    .selectAll()
    .where('state', '<>', 'withdrawn')
    .where('project', 'is not', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit)
  if (!filter.projects.includes('*')) {
    if (filter.projects.length === 0) return []
    select = select.where('project', 'in', filter.projects)
  }
  if (filter.after) {
    const { at, id } = filter.after
    select = select.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  if (filter.q) {
    const pattern = `%${filter.q.replaceAll(/[\\%_]/g, '\\$&')}%`
    select = select.where(({ eb, or }) =>
      or(
        (['name', 'subject', 'case', 'specimen', 'block', 'glass'] as const).map(column =>
          eb(column, 'ilike', pattern),
        ),
      ),
    )
  }
  return (await select.execute()).map(fromRow)
}

/**
 * Raises the progress of a slide that is being tiled; best effort.
 * @param endsAt when it will probably be ready
 */
export async function raiseProgress(
  db: Db<CatalogTables>,
  id: string,
  progress: number,
  endsAt: Date | null,
): Promise<void> {
  await db.query
    .updateTable('slides')
    .set({ progress, ends_at: endsAt })
    .where('id', '=', id)
    .where('state', '=', 'tiling')
    .where('progress', '<=', progress)
    .execute()
}
