/**
 * Annotation files of a slide. What may pass of them (wsi/annotation-files/clean.ts) goes out once the slide is out; the
 * file itself stays with the source.
 */
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Consumer } from '@coverslip/platform/module.ts'
import type { AnnotationFileReceived, SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { SubjectsServiceDefinition } from '@coverslip/proto/gen/subjects/v1/subjects.ts'
import { type Cleaned, cleanAnnotationFile } from '@coverslip/wsi/annotation-files/clean.ts'
import { Unusable } from '@coverslip/wsi/annotation-files/errors.ts'
import { findRelease } from './naming/store.ts'
import type { DeidentifyDeps } from './received.ts'
import { findSlide, type Queries } from './store.ts'

export interface AnnotationFileTables {
  annotation_files: {
    slide_id: string
    /** In the source store. */
    source_key: string
    state: 'waiting' | 'released' | 'refused'
    annotations: number
    skipped: number
    /** JSON of counts by sort of place. */
    dropped: string | null
    reason: string | null
    changed_at?: Date
  }
}

/** A slide that is out, as far as its annotations go by it. */
interface Released {
  slide_id: string
  project: string
  revision: number
  width: number
  height: number
}

/** Undefined also until its event has come: that lets go what waits. */
async function findReleased(queries: Queries, slideId: string): Promise<Released | undefined> {
  const release = await findRelease(queries, slideId)
  if (release?.revision == null || release.width === null || release.height === null) return undefined
  const { slide_id, project, revision, width, height } = release
  return { slide_id, project, revision, width, height }
}

const isDeleted = async (deps: DeidentifyDeps, slideId: string): Promise<boolean> =>
  (await findSlide(deps.db.query, slideId))?.state === 'deleted'

/** A file has come: it is noted, and goes out when its slide is out already. */
async function fileReceived(deps: DeidentifyDeps, { slideId, sourceKey }: AnnotationFileReceived): Promise<void> {
  if (await isDeleted(deps, slideId)) return
  await deps.db.query
    .insertInto('annotation_files')
    .values({
      slide_id: slideId,
      source_key: sourceKey,
      state: 'waiting',
      annotations: 0,
      skipped: 0,
      dropped: null,
      reason: null,
    })
    .onConflict(conflict => conflict.columns(['slide_id', 'source_key']).doNothing())
    .execute()
  const released = await findReleased(deps.db.query, slideId)
  if (released) await releaseFiles(deps, released)
}

/** A slide is out: so are the annotations that wait for it. */
async function slideReleased(deps: DeidentifyDeps, message: SlideDeidentified): Promise<void> {
  const { slideId, project, revision, geometry } = message
  if (!geometry || (await isDeleted(deps, slideId))) return
  const size = { revision, width: geometry.width, height: geometry.height }
  await deps.db.query
    .updateTable('releases')
    .set(size)
    .where('slide_id', '=', slideId)
    .where('subject', '!=', '')
    .execute()
  await releaseFiles(deps, { slide_id: slideId, project, ...size })
}

async function releaseFiles(deps: DeidentifyDeps, released: Released): Promise<void> {
  const files = await deps.db.query
    .selectFrom('annotation_files')
    .select('source_key')
    .where('slide_id', '=', released.slide_id)
    .where('state', '=', 'waiting')
    .orderBy('source_key')
    .execute()
  for (const { source_key: sourceKey } of files) await releaseFile(deps, released, sourceKey)
}

async function releaseFile(deps: DeidentifyDeps, released: Released, sourceKey: string): Promise<void> {
  const { slide_id: slideId } = released
  const cleaned = await clean(deps, released, sourceKey)
  if (cleaned instanceof Unusable) return refuse(deps, slideId, sourceKey, cleaned.reason)
  const key = `${slideId}/${released.revision}/${objectName(sourceKey)}`
  await deps.objects.pyramid.put(key, cleaned.geojson).catch((error: unknown) => {
    // An attempt that died before it could tell: the same file and slide give the same bytes.
    if (!(error instanceof ServiceError) || error.code !== 'conflict') throw error
  })
  await announce(deps, released, sourceKey, { key, cleaned })
  if (await isDeleted(deps, slideId)) await deps.objects.pyramid.deletePrefix(`${slideId}/`)
}

/** The cleaned file, proven to say nothing that is known of the subject; or why it cannot be used. */
async function clean(deps: DeidentifyDeps, released: Released, sourceKey: string): Promise<Cleaned | Unusable> {
  const { slide_id: slideId, width, height } = released
  try {
    const bytes = await readSource(deps, sourceKey)
    const vocabulary = deps.config.ANNOTATION_TERMS
    const cleaned = await cleanAnnotationFile(bytes, { slideId, width, height, vocabulary })
    const { texts } = await deps.rpc('subjects', SubjectsServiceDefinition).getKnownTexts({ slideId })
    const words = cleaned.words.join('\n').toLowerCase()
    if (texts.some(text => text.length >= 3 && words.includes(text.toLowerCase())))
      return new Unusable('the name of a layer, a term or a measurement is one that identifies the subject')
    return cleaned
  } catch (error) {
    if (error instanceof Unusable) return error
    throw error
  }
}

async function readSource(deps: DeidentifyDeps, key: string): Promise<Buffer> {
  const info = await deps.objects.source.head(key)
  if (!info) throw new Unusable('it is no longer there')
  const limit = deps.config.ANNOTATION_FILE_MAX_BYTES
  if (info.size > limit) throw new Unusable(`it is larger than ${Math.floor(limit / 2 ** 20)} MiB`)
  return deps.objects.source.range(key, 0, info.size)
}

/** A name that says nothing: the source's key is neutral, and still only its digest goes out. */
const objectName = (sourceKey: string): string =>
  `annotations-${createHash('sha256').update(posix.basename(sourceKey)).digest('hex').slice(0, 8)}.geojson`

function announce(
  deps: DeidentifyDeps,
  { slide_id: slideId, project }: Released,
  sourceKey: string,
  { key, cleaned }: { key: string; cleaned: Cleaned },
): Promise<void> {
  const { geojson, annotations, skipped, dropped } = cleaned
  const sha256 = createHash('sha256').update(geojson).digest('hex')
  return deps.db.transaction(async trx => {
    const { numUpdatedRows } = await trx
      .updateTable('annotation_files')
      .set({ state: 'released', annotations, skipped, dropped: JSON.stringify(dropped), changed_at: new Date() })
      .where('slide_id', '=', slideId)
      .where('source_key', '=', sourceKey)
      .where('state', '=', 'waiting')
      .executeTakeFirstOrThrow()
    if (Number(numUpdatedRows) === 0) return
    const file = { key, bytes: BigInt(geojson.length), sha256 }
    await deps.publish(trx, 'slides.annotated', { slideId, project, file })
  })
}

async function refuse(deps: DeidentifyDeps, slideId: string, sourceKey: string, reason: string): Promise<void> {
  deps.log.warn({ slideId }, 'an annotation file that came with a slide cannot be used')
  await deps.db.query
    .updateTable('annotation_files')
    .set({ state: 'refused', reason, changed_at: new Date() })
    .where('slide_id', '=', slideId)
    .where('source_key', '=', sourceKey)
    .execute()
}

/** What is known of a deleted slide's annotation files goes as well. */
export async function forgetAnnotationFiles(queries: Queries, slideId: string): Promise<void> {
  await queries.deleteFrom('annotation_files').where('slide_id', '=', slideId).execute()
}

export const onAnnotationFile = (deps: DeidentifyDeps): Consumer<'slides.annotation_received'> => ({
  handle: message => fileReceived(deps, message),
})

export const onReleased = (deps: DeidentifyDeps): Consumer<'slides.deidentified'> => ({
  handle: message => slideReleased(deps, message),
})
