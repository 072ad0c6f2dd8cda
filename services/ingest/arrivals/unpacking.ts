/** A slide that came as one zip becomes the files in it; the zip goes. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import { slideFiles } from '../slide-files.ts'
import { firstUploadsOf, type SlideRow } from '../store.ts'
import { assertFree } from '../uploads/room.ts'
import { type ArchiveLimits, isArchive, listArchive, unpackArchive } from './archive.ts'

interface UnpackedFile {
  uploadId: string
  path: string
  bytes: number
  at: string
  mac: string
}

export const archiveLimits = ({ config }: IngestDeps): ArchiveLimits => ({
  maxBytes: config.ARCHIVE_MAX_BYTES,
  maxRatio: config.ARCHIVE_MAX_RATIO,
  maxFiles: config.UPLOAD_SET_MAX_FILES,
})

/**
 * Unpacks the slide's upload when it is a zip. A process that dies before the end leaves the zip as it was.
 * @throws SlideFileError for an archive that is not taken, ServiceError `storage-full`
 */
export async function unpackSlide(
  { deps, store, hash }: Arriving,
  slide: SlideRow,
  signal: AbortSignal,
): Promise<void> {
  const [upload, another] = await firstUploadsOf(deps.db.query, slide.slide_id)
  // One that is an object already was looked at before.
  if (!upload || another || !(await store.received(upload.upload_id))) return
  const zip = await store.local(upload.upload_id, deps.scratch)
  const folder = await mkdtemp(join(deps.scratch, 'archive-'))
  try {
    if (!(await isArchive(zip.path))) return
    const limits = archiveLimits(deps)
    const listed = await listArchive(zip.path, limits)
    await assertFree(
      deps,
      listed.reduce((sum, { bytes }) => sum + bytes, 0),
    )
    const files: UnpackedFile[] = []
    for (const file of await unpackArchive(zip.path, folder, limits, signal)) {
      files.push({ ...file, uploadId: randomUUID(), mac: await hash.ofFile(file.at, signal) })
    }
    await keep(deps, slide, upload.upload_id, files)
  } finally {
    await zip.release()
    await rm(folder, { recursive: true, force: true })
  }
  await store.remove(upload.upload_id)
}

/** Makes objects of the files, and rows in place of the zip's. */
async function keep(deps: IngestDeps, slide: SlideRow, zipId: string, files: UnpackedFile[]): Promise<void> {
  const { slide_id: slideId } = slide
  const { keys, name } = slideFiles(slideId, files)
  // What an attempt before this one left.
  await deps.objects.source.deletePrefix(`${slideId}/`)
  for (const { uploadId, at } of files) await deps.objects.source.putFile(keys.get(uploadId)!, at)
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const news = { set_size: files.length, source_bytes: size, source_name: name ?? slide.source_name }
  await deps.db.transaction(async trx => {
    const still = await trx
      .updateTable('slides')
      .set(news)
      .where('slide_id', '=', slideId)
      .where('arrival', '=', 'uploaded')
      .executeTakeFirstOrThrow()
    if (Number(still.numUpdatedRows) === 0) return
    await trx.deleteFrom('uploads').where('upload_id', '=', zipId).execute()
    const row = ({ uploadId, path, bytes, mac }: UnpackedFile) => ({
      upload_id: uploadId,
      slide_id: slideId,
      path,
      size: bytes,
      finished_at: new Date(),
      object_key: keys.get(uploadId)!,
      mac,
    })
    await trx.insertInto('uploads').values(files.map(row)).execute()
  })
}
