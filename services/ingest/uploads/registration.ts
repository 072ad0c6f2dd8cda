/** Uploads and their slides in the database: begun, finished, given up. */
import { randomUUID } from 'node:crypto'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { isAnnotationName } from '@coverslip/proto/api/file-names.ts'
import type { Transaction } from 'kysely'
import type { SlideRow, Tables } from '../store.ts'
import type { UploadMetadata } from './upload-metadata.ts'

type Trx = Transaction<Tables>

export interface NewUpload {
  uploadId: string
  uploader: string
  metadata: UploadMetadata
  size: number | null
  traceparent: string | null
}

/**
 * Begins an upload: of a new slide, or of one more file of a set.
 * @returns the slide's id
 * @throws ServiceError `conflict` for a path that the set has, `invalid` for a set that says otherwise or is complete
 */
export async function beginUpload(trx: Trx, upload: NewUpload): Promise<string> {
  const slide = await slideFor(trx, upload)
  const path = upload.metadata.set?.path ?? upload.metadata.filename
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('uploads')
    .values({
      upload_id: upload.uploadId,
      slide_id: slide.slide_id,
      path,
      size: upload.size,
      finished_at: null,
      object_key: null,
    })
    .onConflict(conflict => conflict.columns(['slide_id', 'path']).doNothing())
    .executeTakeFirstOrThrow()
  if (Number(numInsertedOrUpdatedRows) === 0)
    throw new ServiceError('conflict', 'The set has a file of this path already')
  // The file beside the others names the slide, in whatever order they come.
  const names = upload.metadata.set !== null && !path.includes('/') && !isAnnotationName(path)
  const named = names ? { source_name: path } : {}
  const news = { changed_at: new Date(), ...named }
  await trx.updateTable('slides').set(news).where('slide_id', '=', slide.slide_id).execute()
  return slide.slide_id
}

async function slideFor(trx: Trx, { uploader, metadata, traceparent }: NewUpload): Promise<SlideRow> {
  const { set } = metadata
  const now = new Date()
  const made = await trx
    .insertInto('slides')
    .values({
      slide_id: randomUUID(),
      project: metadata.project,
      uploader,
      source_name: set?.path.split('/')[0] ?? metadata.filename,
      set_id: set?.id ?? null,
      set_size: set?.size ?? 1,
      arrival: 'uploading',
      state: 'received',
      code: null,
      reason: null,
      format: null,
      source_removed_at: null,
      traceparent,
      claimed_until: null,
      received_at: now,
      changed_at: now,
    })
    .onConflict(conflict => conflict.columns(['uploader', 'set_id']).doNothing())
    .returningAll()
    .executeTakeFirst()
  return made ?? (await openSet(trx, uploader, metadata))
}

async function openSet(trx: Trx, uploader: string, { project, set }: UploadMetadata): Promise<SlideRow> {
  const slide = await trx
    .selectFrom('slides')
    .selectAll()
    .where('uploader', '=', uploader)
    .where('set_id', '=', set?.id ?? null)
    .forUpdate()
    .executeTakeFirstOrThrow()
  if (slide.arrival !== 'uploading') throw new ServiceError('conflict', 'The set is complete, or was given up')
  if (slide.project !== project) throw new ServiceError('invalid', 'The set belongs to another project')
  if (slide.set_size !== set?.size) throw new ServiceError('invalid', 'The files of a set must name the same setSize')
  const { files } = await trx
    .selectFrom('uploads')
    .select(({ fn }) => fn.countAll<string | number>().as('files'))
    .where('slide_id', '=', slide.slide_id)
    .where('late', '=', false)
    .executeTakeFirstOrThrow()
  if (Number(files) >= slide.set_size) throw new ServiceError('conflict', 'The set has all its files already')
  return slide
}

/**
 * Notes that all bytes of a file are there. The slide has arrived when its last file has; doing it again is harmless.
 * @returns whether there is something to bring in: the slide is complete, or the file is a late one
 */
export async function finishUpload(trx: Trx, uploadId: string, size: number): Promise<boolean> {
  const upload = await trx
    .selectFrom('uploads')
    .select(['slide_id', 'late'])
    .where('upload_id', '=', uploadId)
    .executeTakeFirst()
  if (!upload) return false
  if (upload.late) {
    await trx.updateTable('uploads').set({ finished_at: new Date(), size }).where('upload_id', '=', uploadId).execute()
    return true
  }
  // Files of a set finish at the same time: the slide's row lock lets one of them be the last.
  const slide = await trx
    .selectFrom('slides')
    .select(['slide_id', 'arrival', 'set_size'])
    .where('slide_id', '=', upload.slide_id)
    .forUpdate()
    .executeTakeFirst()
  if (slide?.arrival !== 'uploading') return slide?.arrival === 'uploaded'
  const now = new Date()
  await trx.updateTable('uploads').set({ finished_at: now, size }).where('upload_id', '=', uploadId).execute()
  const { files, bytes } = await trx
    .selectFrom('uploads')
    .select(({ fn }) => [fn.countAll<string | number>().as('files'), fn.sum<string | number>('size').as('bytes')])
    .where('slide_id', '=', slide.slide_id)
    .where('late', '=', false)
    .where('finished_at', 'is not', null)
    .executeTakeFirstOrThrow()
  const complete = Number(files) === slide.set_size
  await trx
    .updateTable('slides')
    .set({ source_bytes: Number(bytes), changed_at: now, ...(complete ? { arrival: 'uploaded' as const } : {}) })
    .where('slide_id', '=', slide.slide_id)
    .execute()
  return complete
}

/** Forgets an unfinished upload; its slide goes with it when that has no other file. */
export async function forgetUpload(trx: Trx, uploadId: string): Promise<void> {
  const gone = await trx
    .deleteFrom('uploads')
    .where('upload_id', '=', uploadId)
    .where('finished_at', 'is', null)
    .returning('slide_id')
    .executeTakeFirst()
  if (!gone) return
  await trx
    .deleteFrom('slides')
    .where('slide_id', '=', gone.slide_id)
    .where('arrival', '=', 'uploading')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('uploads').select('upload_id').where('uploads.slide_id', '=', gone.slide_id))),
    )
    .execute()
}
