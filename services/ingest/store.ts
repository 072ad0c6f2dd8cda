import type { Generated, Kysely, Selectable, Transaction } from 'kysely'
import type { IntakeState } from './states.ts'

/** How far the bytes of a slide are. */
export type Arrival = 'uploading' | 'uploaded' | 'recognised' | 'held' | 'arrived' | 'expired' | 'deleted'

/** Where a slide hangs, by the project's pseudonyms; an empty one is unknown. */
export interface Pseudonyms {
  subject: string
  case: string
  specimen: string
  block: string
  glass: string
}

interface SlidesTable {
  slide_id: string
  project: string
  uploader: string
  /** Null once the slide has a release name. */
  source_name: string | null
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
  /** The keyed hash of the source's content. */
  mac: Generated<string | null>
  pseudonyms: Generated<Pseudonyms | null>
  research_number: Generated<string | null>
  release_name: Generated<string | null>
  /** Something changed while the slide's admission was asked for. */
  ask_again: Generated<boolean>
}

interface UploadsTable {
  upload_id: string
  slide_id: string
  path: string
  size: string | number | null
  finished_at: Date | null
  object_key: string | null
  mac: Generated<string | null>
  /** An annotation file of a slide that had all its files before. */
  late: Generated<boolean>
  /** When a late file was told of. */
  announced_at: Generated<Date | null>
  created_at: Generated<Date>
}

/** What lies in a watched folder: a slide with its files, an annotation file beside it, a link. */
interface WatchedTable {
  /** Keyed hash of the path. */
  place: string
  /** Keyed hash of the watched folder. */
  folder: string
  /** Keyed hash of paths, sizes and times. */
  fingerprint: string
  kind: 'slide' | 'annotations' | 'link'
  /** Path inside the folder; null once the slide is released or deleted. */
  name: string | null
  state: WatchedState
  reason: string | null
  slide_id: string | null
  looks: Generated<number>
  attempts: Generated<number>
  since: Generated<Date>
  seen_at: Generated<Date>
  next_at: Date | null
  claimed_until: Date | null
}
export type WatchedState = 'settling' | 'copying' | 'taken' | 'refused'

interface WatchedFoldersTable {
  folder: string
  project: string
  looked_at: Date
  look_ms: number
  files: number
  problem: string | null
}

export interface Tables {
  slides: SlidesTable
  uploads: UploadsTable
  upload_locks: { name: string; holder: string; expires_at: Date; wanted: boolean }
  watched: WatchedTable
  watched_folders: WatchedFoldersTable
}
export type WatchedRow = Selectable<WatchedTable>
export type SlideRow = Selectable<SlidesTable>
export type UploadRow = Selectable<UploadsTable>
export type Queries = Kysely<Tables> | Transaction<Tables>

export const findSlide = (queries: Queries, slideId: string): Promise<SlideRow | undefined> =>
  queries.selectFrom('slides').selectAll().where('slide_id', '=', slideId).executeTakeFirst()

/** Every file of a slide, late ones included. */
export const uploadsOf = (queries: Queries, slideId: string): Promise<UploadRow[]> =>
  queries.selectFrom('uploads').selectAll().where('slide_id', '=', slideId).orderBy('path').execute()

/** The files that a slide came with. */
export const firstUploadsOf = async (queries: Queries, slideId: string): Promise<UploadRow[]> =>
  (await uploadsOf(queries, slideId)).filter(({ late }) => !late)

/** An upload with what its slide says of it. */
export interface Upload {
  uploadId: string
  slideId: string
  project: string
  uploader: string
  size: number | null
  finished: boolean
  arrival: Arrival
  late: boolean
  traceparent: string | null
}

export async function findUpload(queries: Queries, uploadId: string): Promise<Upload | undefined> {
  const row = await queries
    .selectFrom('uploads')
    .innerJoin('slides', 'slides.slide_id', 'uploads.slide_id')
    .select(['upload_id', 'uploads.slide_id', 'project', 'uploader', 'size', 'finished_at'])
    .select(['arrival', 'late', 'traceparent'])
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
    late: row.late,
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

/** Whether a set has begun and is not complete. */
export async function isInOpenSet(queries: Queries, uploader: string, setId: string | undefined): Promise<boolean> {
  if (setId === undefined) return false
  const row = await queries
    .selectFrom('slides')
    .select('slide_id')
    .where('uploader', '=', uploader)
    .where('set_id', '=', setId)
    .where('arrival', '=', 'uploading')
    .executeTakeFirst()
  return row !== undefined
}
