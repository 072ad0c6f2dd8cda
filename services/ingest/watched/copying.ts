/** Copies a slide out of a watched folder, on the way of an upload: records first, then bytes that can be resumed. */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { Upload } from '@tus/server'
import type { Transaction } from 'kysely'
import type { IngestDeps } from '../module-deps.ts'
import { findSlide, type SlideRow, type Tables, type UploadRow, uploadsOf } from '../store.ts'
import { beginUpload, finishUpload } from '../uploads/registration.ts'
import type { UploadStore } from '../uploads/upload-store.ts'
import type { WatchedFile } from './finding.ts'

/** Who uploads what comes from a watched folder. */
const UPLOADER = 'watched-folder'

/** The source changed while it was copied: it is looked at anew. */
export class SourceChangedError extends Error {
  override readonly name = 'SourceChangedError'
  constructor() {
    super('a file in a watched folder changed while it was copied')
  }
}

/** Registers a slide of these files. @returns its id */
export async function beginCopy(
  trx: Transaction<Tables>,
  { project, files, traceparent }: { project: string; files: readonly WatchedFile[]; traceparent: string | null },
): Promise<string> {
  const set = randomUUID()
  let slideId = ''
  for (const { name, bytes } of files) {
    slideId = await beginUpload(trx, {
      uploadId: randomUUID(),
      uploader: UPLOADER,
      metadata: { filename: name, project, set: files.length > 1 ? { id: set, path: name, size: files.length } : null },
      size: bytes,
      traceparent,
    })
  }
  return slideId
}

/** Whether a copy of the slide is under way: it was begun here, and not every byte has come. */
export const isCopying = (slide: SlideRow | undefined): boolean =>
  slide?.uploader === UPLOADER && slide.arrival === 'uploading'

/**
 * Copies what is missing of a slide's files; `confirm` is asked before the last of them counts as complete.
 * @throws SourceChangedError when a file is shorter than it was, file-system errors as they are
 */
export async function copyFiles(
  { deps, store }: { deps: IngestDeps; store: UploadStore },
  slideId: string,
  files: readonly WatchedFile[],
  confirm: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const missing = (await uploadsOf(deps.db.query, slideId)).filter(({ finished_at, late }) => !finished_at && !late)
  for (const [i, upload] of missing.entries()) {
    const file = files.find(({ name }) => name === upload.path)
    if (!file) throw new SourceChangedError()
    await copyFile(store, upload, file, signal)
    if (i === missing.length - 1) await confirm()
    await deps.db.transaction(trx => finishUpload(trx, upload.upload_id, file.bytes))
  }
}

/** Appends to what was copied before, of one file. */
export async function copyFile(
  store: UploadStore,
  { upload_id: uploadId }: Pick<UploadRow, 'upload_id'>,
  { path, bytes }: WatchedFile,
  signal: AbortSignal,
): Promise<void> {
  const name = store.nameOf(uploadId)
  const before = await store.received(uploadId)
  if (!before) await store.datastore.create(new Upload({ id: name, size: bytes, offset: 0 }))
  const offset = before?.offset ?? 0
  if (offset >= bytes) return
  // A link that took the file's place is not followed.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  const reading = file.createReadStream({ start: offset, end: bytes - 1, highWaterMark: 1 << 20 })
  let failed: unknown
  reading.once('error', error => {
    failed = error
  })
  const stop = (): void => void reading.destroy(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const end = await store.datastore.write(reading, name, offset)
    if (end < bytes) throw new SourceChangedError()
  } catch (error) {
    if (failed || error instanceof Error) throw failed ?? error
    // The store says only that it could not write.
    throw new ServiceError('unavailable', 'The source store could not be written')
  } finally {
    signal.removeEventListener('abort', stop)
    await file.close().catch(() => {})
  }
}

/** Forgets a copy that is not gone on with, and its bytes. */
export async function giveUpCopy(
  { deps, store }: { deps: IngestDeps; store: UploadStore },
  slideId: string,
): Promise<void> {
  if (!isCopying(await findSlide(deps.db.query, slideId))) return
  const uploads = await uploadsOf(deps.db.query, slideId)
  await deps.db.query.deleteFrom('slides').where('slide_id', '=', slideId).where('arrival', '=', 'uploading').execute()
  for (const { upload_id } of uploads) await store.remove(upload_id)
}

/** What a failed file operation in a watched folder means. */
export function readable(error: unknown): string {
  if (error instanceof ServiceError) return error.publicMessage
  const { code } = error as { code?: string }
  return REASONS[code ?? ''] ?? 'It cannot be read'
}

const REASONS: Record<string, string> = {
  ENOENT: 'It is not there',
  ENOTDIR: 'It is not a folder',
  EACCES: 'It may not be read by Coverslip',
  EPERM: 'It may not be read by Coverslip',
  EIO: 'The network share reports a read error',
  ESTALE: 'The network share has been mounted anew',
  ETIMEDOUT: 'The network share does not answer',
  EHOSTDOWN: 'The network share does not answer',
  ELOOP: 'It has become a link',
  ENOSPC: 'There is not enough free space',
}
