/** The files of a slide become objects, and the slide is recognised by their content. */
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import type { Arriving } from '../module-deps.ts'
import { slideFiles, sourceKeys } from '../slide-files.ts'
import { firstUploadsOf, type SlideRow, type UploadRow } from '../store.ts'
import { assertFirst, slideMac } from './duplicates.ts'
import { unpackSlide } from './unpacking.ts'

/**
 * @throws SlideFileError for files that are no slide that can be read, DuplicateSlideError for one that is there already
 */
export async function recognise(arriving: Arriving, slide: SlideRow, signal: AbortSignal): Promise<void> {
  const { deps, hash } = arriving
  // Some stores keep no object of no bytes: there would be nothing to look at.
  if (Number(slide.source_bytes) === 0) throw new SlideFileError('not-a-slide', 'The file is empty.')
  await unpackSlide(arriving, slide, signal)
  const uploads = await moveFiles(arriving, slide.slide_id, signal)
  const source = sourceKeys(uploads.map(({ object_key }) => object_key!))
  if (source.length === 0) {
    const expected = 'expected one slide file, an MRXS file with its folder, or a slide with its annotation files'
    throw new SlideFileError('unsupported', `The files do not make up a slide: ${expected}.`)
  }
  const local = await localFolder(deps.objects.source, `${slide.slide_id}/1/`, source, deps.scratch)
  const { format } = await describeSlide(local.path, signal).finally(() => local.release())
  const mac = slideMac(hash, uploads)
  await deps.db.transaction(async trx => {
    if (deps.config.INGEST_DUPLICATES === 'refuse') await assertFirst(trx, slide, mac)
    await trx
      .updateTable('slides')
      .set({ arrival: 'recognised', format, mac })
      .where('slide_id', '=', slide.slide_id)
      .where('arrival', '=', 'uploaded')
      .execute()
  })
}

/** Makes objects of the uploaded files, and keeps a keyed hash of each as it was received. */
async function moveFiles(arriving: Arriving, slideId: string, signal: AbortSignal): Promise<UploadRow[]> {
  const uploads = await firstUploadsOf(arriving.deps.db.query, slideId)
  const files = uploads.map(({ upload_id, path }) => ({ uploadId: upload_id, path }))
  const { keys } = slideFiles(slideId, files)
  for (const upload of uploads) {
    if (upload.mac) continue
    const key = keys.get(upload.upload_id)!
    const { mac } = await moveFile(arriving, { uploadId: upload.upload_id, key }, signal)
    Object.assign(upload, { object_key: key, mac })
  }
  return uploads
}

/** Makes an object of an upload, with its keyed hash in the record. Doing it again is harmless. */
export async function moveFile(
  { deps, store, hash }: Arriving,
  { uploadId, key }: { uploadId: string; key: string },
  signal: AbortSignal,
): Promise<{ mac: string }> {
  await store.moveTo(uploadId, key)
  const local = await deps.objects.source.localFile(key, deps.scratch)
  const mac = await hash.ofFile(local.path, signal).finally(() => local.release())
  await deps.db.query.updateTable('uploads').set({ object_key: key, mac }).where('upload_id', '=', uploadId).execute()
  return { mac }
}
