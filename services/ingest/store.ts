import type { Generated, Kysely, Selectable, Transaction } from 'kysely'
import type { IntakeState } from './states.ts'

/** How far the bytes of a slide are. */
export type Arrival = 'uploading' | 'uploaded' | 'arrived' | 'expired' | 'deleted'

interface SlidesTable {
  slide_id: string
  project: string
  uploader: string
  source_name: string
  set_id: string | null
  set_size: number
  arrival: Arrival
  state: IntakeState
  revision: Generated<number>
  progress: Generated<number>
  code: string | null
  reason: string | null
  format: string | null
  source_bytes: Generated<string | number>
  source_removed_at: Date | null
  traceparent: string | null
  attempts: Generated<number>
  claimed_until: Date | null
  received_at: Date
  changed_at: Date
}

interface UploadsTable {
  upload_id: string
  slide_id: string
  path: string
  size: string | number | null
  finished_at: Date | null
  object_key: string | null
  sha256: string | null
  created_at: Generated<Date>
}

export interface Tables {
  slides: SlidesTable
  uploads: UploadsTable
  upload_locks: { name: string; holder: string; expires_at: Date; wanted: boolean }
}
export type SlideRow = Selectable<SlidesTable>
export type UploadRow = Selectable<UploadsTable>
export type Queries = Kysely<Tables> | Transaction<Tables>

export const findSlide = (queries: Queries, slideId: string): Promise<SlideRow | undefined> =>
  queries.selectFrom('slides').selectAll().where('slide_id', '=', slideId).executeTakeFirst()

export const uploadsOf = (queries: Queries, slideId: string): Promise<UploadRow[]> =>
  queries.selectFrom('uploads').selectAll().where('slide_id', '=', slideId).orderBy('path').execute()

/** An upload with what its slide says of it. */
export interface Upload {
  uploadId: string
  slideId: string
  project: string
  uploader: string
  size: number | null
  finished: boolean
  arrival: Arrival
  traceparent: string | null
}

export async function findUpload(queries: Queries, uploadId: string): Promise<Upload | undefined> {
  const row = await queries
    .selectFrom('uploads')
    .innerJoin('slides', 'slides.slide_id', 'uploads.slide_id')
    .select(['upload_id', 'uploads.slide_id', 'project', 'uploader', 'size', 'finished_at', 'arrival', 'traceparent'])
    .where('upload_id', '=', uploadId)
    .executeTakeFirst()
  if (!row) return undefined
  return {
    uploadId: row.upload_id,
    slideId: row.slide_id,
    project: row.project,
    uploader: row.uploader,
    size: row.size === null ? null : Number(row.size),
    finished: row.finished_at !== null,
    arrival: row.arrival,
    traceparent: row.traceparent,
  }
}

/** An open set's unfinished upload of the same file: the answer to its POST may have been lost. */
export async function findInSet(
  queries: Queries,
  uploader: string,
  set: { id: string; path: string },
): Promise<string | undefined> {
  const row = await queries
    .selectFrom('uploads')
    .innerJoin('slides', 'slides.slide_id', 'uploads.slide_id')
    .select('upload_id')
    .where('uploader', '=', uploader)
    .where('set_id', '=', set.id)
    .where('path', '=', set.path)
    .where('finished_at', 'is', null)
    .where('arrival', '=', 'uploading')
    .executeTakeFirst()
  return row?.upload_id
}
