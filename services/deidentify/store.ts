import type { AuditTables } from '@coverslip/platform/audit/table.ts'
import type { Kysely, Transaction } from 'kysely'
import type { AnnotationFileTables } from './annotation-files.ts'
import { forgetName } from './naming/gone-name.ts'
import type { NomenclatureTable, ReleaseTable } from './naming/store.ts'
import type { DeidentifyDeps } from './received.ts'
import { reportKeysOf } from './report/signature.ts'
import { eraseReasons } from './review/audit.ts'
import type { GateTable } from './review/gate.ts'
import type { LookTable } from './review/looks.ts'
import type { ReviewTable } from './review/store.ts'

interface SlideRow {
  slide_id: string
  /** `review`: waits for a person; `rejected`: that person turned it down. */
  state: 'review' | 'done' | 'failed' | 'rejected' | 'deleted'
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
export interface Tables extends AnnotationFileTables, AuditTables {
  slides: SlideRow
  reviews: ReviewTable
  gates: GateTable
  looks: LookTable
  nomenclatures: NomenclatureTable
  releases: ReleaseTable
}

/** A slide that this service has worked on. */
export interface SlideRecord {
  slideId: string
  state: SlideRow['state']
  revision: number
  project: string
  format: string
  /** Null for a slide that has no result, or none any more. */
  file: { rendition: 'original' | 'pyramid'; key: string; bytes: number; sha256: string } | null
  /** JSON; see report.ts. */
  report: string | null
}

export type Queries = Kysely<Tables> | Transaction<Tables>

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

const toRow = (slide: SlideRecord) => ({
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

/** Saves the outcome of a slide unless it has one. @returns whether it was saved */
export async function saveOutcome(trx: Transaction<Tables>, slide: SlideRecord): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('slides')
    .values(toRow(slide))
    .onConflict(conflict => conflict.column('slide_id').doNothing())
    .executeTakeFirstOrThrow()
  return Number(numInsertedOrUpdatedRows) > 0
}

/** Saves what has become of a slide under review. */
export async function replaceOutcome(trx: Transaction<Tables>, slide: SlideRecord): Promise<void> {
  const { slide_id, ...row } = toRow(slide)
  await trx
    .updateTable('slides')
    .set({ ...row, changed_at: new Date() })
    .where('slide_id', '=', slide_id)
    .where('state', '=', 'review')
    .executeTakeFirstOrThrow()
}

/** Remembers that a slide is gone, and forgets everything else about it. */
export async function markDeleted(deps: Pick<DeidentifyDeps, 'db' | 'config'>, slideId: string): Promise<void> {
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
  const { input } = await reportKeysOf(deps.config)
  await deps.db.transaction(async trx => {
    const known = await findSlide(trx, slideId)
    await trx
      .insertInto('slides')
      .values({ slide_id: slideId, revision: 0, ...gone })
      .onConflict(conflict => conflict.column('slide_id').doUpdateSet({ ...gone, changed_at: new Date() }))
      .execute()
    await trx.deleteFrom('reviews').where('slide_id', '=', slideId).execute()
    await forgetName(trx, input, slideId)
    await eraseReasons(deps, trx, { slideId, project: known?.project || '*' })
  })
}
