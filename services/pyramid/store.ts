import type { Db } from '@coverslip/platform/db/port.ts'
import { Geometry } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { SlideRevision } from './keys.ts'
import type { QualityReport } from './quality-report.ts'
import type { PyramidRow, Tables } from './tables.ts'

/** The outcome of one revision of a slide. */
export interface PyramidRecord {
  slideId: string
  revision: number
  state: 'done' | 'failed'
  project: string
  /** Null when it failed. */
  file: { key: string; bytes: number; sha256: string; geometry: Geometry } | null
}

/** Deleted slides keep a row of this revision; real ones count from 1. */
const DELETED = 0

type Queries = Kysely<Tables> | Transaction<Tables>

/** @returns whether the revision has an outcome, or the whole slide is gone */
export async function knownState(
  queries: Queries,
  slideId: string,
  revision: number,
): Promise<PyramidRow['state'] | undefined> {
  const rows = await queries
    .selectFrom('pyramids')
    .select(['state'])
    .where('slide_id', '=', slideId)
    .where('revision', 'in', [DELETED, revision])
    .orderBy('revision')
    .execute()
  return rows[0]?.state
}

/** The newest pyramid of a slide. */
export async function findPyramid(queries: Queries, slideId: string): Promise<PyramidRecord | undefined> {
  const row = await queries
    .selectFrom('pyramids')
    .selectAll()
    .where('slide_id', '=', slideId)
    .where('state', '=', 'done')
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row?.object_key || !row.sha256 || !row.geometry) return undefined
  const geometry = Geometry.fromJSON(JSON.parse(row.geometry))
  const file = { key: row.object_key, bytes: Number(row.bytes), sha256: row.sha256, geometry }
  return { slideId, revision: row.revision, state: 'done', project: row.project, file }
}

/**
 * Until the transaction ends the slide is not deleted, and a deletion under way has ended. Taken before anything else is
 * locked, so that nobody waits in a circle.
 */
export async function lockSlide(trx: Transaction<Tables>, slideId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('coverslip pyramids'), hashtext(${slideId}))`.execute(trx)
}

/**
 * Saves the outcome of a revision of a locked slide unless it has one or the slide is gone.
 * @returns whether it was saved
 */
export async function saveOutcome(trx: Transaction<Tables>, record: PyramidRecord): Promise<boolean> {
  if ((await knownState(trx, record.slideId, record.revision)) !== undefined) return false
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('pyramids')
    .values({
      slide_id: record.slideId,
      revision: record.revision,
      state: record.state,
      project: record.project,
      object_key: record.file?.key ?? null,
      bytes: record.file?.bytes ?? null,
      sha256: record.file?.sha256 ?? null,
      geometry: record.file ? JSON.stringify(Geometry.toJSON(record.file.geometry)) : null,
    })
    .onConflict(conflict => conflict.columns(['slide_id', 'revision']).doNothing())
    .executeTakeFirstOrThrow()
  return Number(numInsertedOrUpdatedRows) > 0
}

/** Remembers that a slide is gone, and forgets everything else about it. @returns how many rows that were */
export function markDeleted(db: Db<Tables>, slideId: string): Promise<number> {
  return db.transaction(async trx => {
    await lockSlide(trx, slideId)
    await trx
      .insertInto('pyramids')
      .values({
        slide_id: slideId,
        revision: DELETED,
        state: 'deleted',
        project: '',
        object_key: null,
        bytes: null,
        sha256: null,
        geometry: null,
      })
      .onConflict(conflict => conflict.columns(['slide_id', 'revision']).doNothing())
      .execute()
    const outcomes = trx.deleteFrom('pyramids').where('slide_id', '=', slideId).where('revision', '>', DELETED)
    const { numDeletedRows } = await outcomes.executeTakeFirstOrThrow()
    const builds = await trx.deleteFrom('builds').where('slide_id', '=', slideId).executeTakeFirstOrThrow()
    const quality = await trx.deleteFrom('quality').where('slide_id', '=', slideId).executeTakeFirstOrThrow()
    return Number(numDeletedRows + builds.numDeletedRows + quality.numDeletedRows)
  })
}

export async function saveReport(trx: Transaction<Tables>, of: SlideRevision, report: QualityReport): Promise<void> {
  await trx
    .insertInto('quality')
    .values({ slide_id: of.slideId, revision: of.revision, report: JSON.stringify(report) })
    .onConflict(conflict => conflict.columns(['slide_id', 'revision']).doNothing())
    .execute()
}

/** The report on the newest pyramid of a slide, as JSON. */
export async function findReport(
  queries: Queries,
  slideId: string,
): Promise<{ revision: number; report: string } | undefined> {
  return queries
    .selectFrom('quality')
    .select(['revision', 'report'])
    .where('slide_id', '=', slideId)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst()
}
