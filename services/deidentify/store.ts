import type { Db } from '@coverslip/platform/db/port.ts'
import type { Kysely, Transaction } from 'kysely'

interface SlideRow {
  slide_id: string
  state: 'done' | 'failed' | 'deleted'
  revision: number
  project: string
  format: string
  rendition: 'original' | 'pyramid' | null
  object_key: string | null
  bytes: string | number | null
  sha256: string | null
  report: string | null
  changed_at?: Date
}
export interface Tables {
  slides: SlideRow
}

/** A slide that this service has worked on. */
export interface SlideRecord {
  slideId: string
  state: SlideRow['state']
  revision: number
  project: string
  format: string
  /** Null until it is done. */
  file: { rendition: 'original' | 'pyramid'; key: string; bytes: number; sha256: string } | null
  /** JSON; see report.ts. */
  report: string | null
}

type Queries = Kysely<Tables> | Transaction<Tables>

export async function findSlide(queries: Queries, slideId: string): Promise<SlideRecord | undefined> {
  const row = await queries.selectFrom('slides').selectAll().where('slide_id', '=', slideId).executeTakeFirst()
  return row && toRecord(row)
}

function toRecord(row: SlideRow): SlideRecord {
  const { rendition, object_key: key, sha256 } = row
  return {
    slideId: row.slide_id,
    state: row.state,
    revision: row.revision,
    project: row.project,
    format: row.format,
    file: rendition && key && sha256 ? { rendition, key, bytes: Number(row.bytes), sha256 } : null,
    report: row.report,
  }
}

/** Saves the outcome of a slide unless it has one. @returns whether it was saved */
export async function saveOutcome(trx: Transaction<Tables>, slide: SlideRecord): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('slides')
    .values({
      slide_id: slide.slideId,
      state: slide.state,
      revision: slide.revision,
      project: slide.project,
      format: slide.format,
      rendition: slide.file?.rendition ?? null,
      object_key: slide.file?.key ?? null,
      bytes: slide.file?.bytes ?? null,
      sha256: slide.file?.sha256 ?? null,
      report: slide.report,
    })
    .onConflict(conflict => conflict.column('slide_id').doNothing())
    .executeTakeFirstOrThrow()
  return Number(numInsertedOrUpdatedRows) > 0
}

/** Remembers that a slide is gone, and forgets everything else about it. */
export async function markDeleted(db: Db<Tables>, slideId: string): Promise<void> {
  const gone = {
    state: 'deleted',
    project: '',
    format: '',
    rendition: null,
    object_key: null,
    bytes: null,
    sha256: null,
    report: null,
  } as const
  await db.query
    .insertInto('slides')
    .values({ slide_id: slideId, revision: 0, ...gone })
    .onConflict(conflict => conflict.column('slide_id').doUpdateSet({ ...gone, changed_at: new Date() }))
    .execute()
}
