/** The tables as Kysely sees them, and a row as an annotation. */

import { type Annotation, contentFrom, type Origin } from '@coverslip/wsi/annotation-files/annotation.ts'
import type { ColumnType, Generated, Selectable } from 'kysely'

interface SlidesTable {
  id: string
  number: Generated<number>
  seq: number
  is_deleted: boolean
}
interface AnnotationsTable {
  slide_id: string
  id: string
  version: number
  seq: number
  /** The slide's counter when it was made: the order of lists. */
  created_seq: number
  is_deleted: boolean
  place: ColumnType<never, string | null, string | null>
  /** Null when deleted. */
  content: ColumnType<unknown, string | null, string | null>
  /** Of `content` as text. */
  bytes: number
  digest: string | null
  origin: Origin
  author: string
  changed_by: string
  created_at: Date
  changed_at: Date
}
interface VersionsTable {
  slide_id: string
  id: string
  version: number
  seq: number
  /** Null of a deletion. */
  content: ColumnType<unknown, string | null, string | null>
  bytes: number
  origin: Origin
  changed_by: string
  changed_at: Date
}
export interface AnnotationTables {
  slides: SlidesTable
  annotations: AnnotationsTable
  versions: VersionsTable
}

export const ANNOTATION_COLUMNS = [
  'id',
  'version',
  'seq',
  'content',
  'origin',
  'author',
  'changed_by',
  'created_at',
  'changed_at',
] as const
export type AnnotationRow = Pick<Selectable<AnnotationsTable>, (typeof ANNOTATION_COLUMNS)[number]>

export const fromRow = (row: AnnotationRow): Annotation => ({
  id: row.id,
  version: row.version,
  seq: Number(row.seq),
  content: contentFrom(row.content),
  origin: row.origin,
  author: row.author,
  changedBy: row.changed_by,
  createdAt: row.created_at,
  changedAt: row.changed_at,
})
