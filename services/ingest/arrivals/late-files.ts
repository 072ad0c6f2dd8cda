/** Annotation files that come alone: they belong to the slide of the same name, whether it is on its way or released. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import { sql, type Transaction } from 'kysely'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import { annotationKey, stemOf } from '../slide-files.ts'
import type { Tables } from '../store.ts'
import { moveFile } from './recognition.ts'

/**
 * The slide of a project that a file's name belongs to: in intake by its own record, after the release by the ledger.
 * @throws ServiceError `not-found`, `conflict` when several have the name
 */
export async function findSlideOf({ deps, subjects }: Arriving, project: string, filename: string): Promise<string> {
  const stem = stemOf(filename)
  const here = await deps.db.query
    .selectFrom('slides')
    .select('slide_id')
    .where('project', '=', project)
    .where('arrival', 'not in', ['expired', 'deleted'])
    .where('state', 'not in', ['failed', 'rejected'])
    .where(sql<string>`lower(regexp_replace(source_name, '\\.[^./]*$', ''))`, '=', stem)
    .limit(2)
    .execute()
  if (here.length > 1) throw new ServiceError('conflict', 'Several slides on their way in have this name')
  if (here[0]) return here[0].slide_id
  const { slideId, ledger } = await subjects.findBySourceName({ project, sourceName: filename })
  if (slideId) return slideId
  throw new ServiceError('not-found', ledger ? UNKNOWN : WITHOUT_LEDGER)
}

const UNKNOWN = 'No one slide of the project came under this name; send the annotations together with the slide'
const WITHOUT_LEDGER =
  'No slide of this name is on its way in, and the ledger that knows released slides by their old names is off: import the annotations into the slide itself'

export interface LateFile {
  uploadId: string
  slideId: string
  filename: string
  size: number | null
}

/** Registers the upload of an annotation file for a slide. Its name is not kept. @throws ServiceError `not-found` */
export async function beginLateFile(trx: Transaction<Tables>, file: LateFile): Promise<void> {
  const { uploadId, slideId, filename, size } = file
  const slide = await trx
    .selectFrom('slides')
    .select('slide_id')
    .where('slide_id', '=', slideId)
    .where('arrival', '!=', 'deleted')
    .executeTakeFirst()
  if (!slide) throw new ServiceError('not-found', UNKNOWN)
  const path = `${uploadId}.${filename.split('.').at(-1)!.toLowerCase()}`
  await trx
    .insertInto('uploads')
    .values({ upload_id: uploadId, slide_id: slideId, path, size, finished_at: null, object_key: null, late: true })
    .execute()
}

/** Brings in the late files whose bytes and whose slide are there. @returns whether there was one */
export async function bringInLateFiles(arriving: Arriving, signal: AbortSignal): Promise<boolean> {
  const { deps } = arriving
  const files = await deps.db.query
    .selectFrom('uploads')
    .innerJoin('slides', 'slides.slide_id', 'uploads.slide_id')
    .select(['upload_id', 'uploads.slide_id', 'path', 'project'])
    .where('late', '=', true)
    .where('finished_at', 'is not', null)
    .where('announced_at', 'is', null)
    .where('arrival', '=', 'arrived')
    .orderBy('uploads.created_at')
    .limit(20)
    .execute()
  for (const { upload_id: uploadId, slide_id: slideId, path, project } of files) {
    try {
      const key = await nameFile(deps, { uploadId, slideId, path })
      await moveFile(arriving, { uploadId, key }, signal)
      await announce(deps, { uploadId, slideId, project, key })
    } catch (error) {
      if (signal.aborted) return false
      deps.log.warn({ err: error, slideId }, 'an annotation file could not be received yet')
    }
  }
  return files.length === 20
}

/** The next number among the slide's annotation files, the same again after a crash. */
async function nameFile(
  { db }: IngestDeps,
  { uploadId, slideId, path }: { uploadId: string; slideId: string; path: string },
): Promise<string> {
  return db.transaction(async trx => {
    await trx.selectFrom('slides').select('slide_id').where('slide_id', '=', slideId).forUpdate().execute()
    const rows = await trx
      .selectFrom('uploads')
      .select(['upload_id', 'object_key'])
      .where('slide_id', '=', slideId)
      .execute()
    const named = rows.find(({ upload_id }) => upload_id === uploadId)?.object_key
    if (named) return named
    const numbers = rows.map(({ object_key }) => Number(/\/annotations-(\d+)\./.exec(object_key ?? '')?.[1] ?? 0))
    const key = annotationKey(slideId, Math.max(0, ...numbers) + 1, path)
    await trx.updateTable('uploads').set({ object_key: key }).where('upload_id', '=', uploadId).execute()
    return key
  })
}

async function announce(
  deps: IngestDeps,
  { uploadId, slideId, project, key }: { uploadId: string; slideId: string; project: string; key: string },
): Promise<void> {
  const there = await deps.db.transaction(async trx => {
    const first = await trx
      .updateTable('uploads')
      .set({ announced_at: new Date() })
      .where('upload_id', '=', uploadId)
      .where('announced_at', 'is', null)
      .executeTakeFirstOrThrow()
    if (Number(first.numUpdatedRows) === 0) return false
    await deps.publish(trx, 'slides.annotation_received', { slideId, project, sourceKey: key })
    return true
  })
  // Deleted meanwhile, or told by another process.
  const record = there
    ? undefined
    : await deps.db.query.selectFrom('slides').select('slide_id').where('slide_id', '=', slideId).executeTakeFirst()
  if (!there && !record) await deps.objects.source.deletePrefix(key)
}
