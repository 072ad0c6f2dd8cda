/** The intake record follows what the other services tell of its slide. */
import { countObjects, noteErasure, takeReceipt } from '@coverslip/platform/erasure.ts'
import type { Consumers, Followers } from '@coverslip/platform/module.ts'
import { sql } from 'kysely'
import { askAgain } from './arrivals/admission.ts'
import { createIntakeMeter } from './meter.ts'
import type { IngestDeps } from './module-deps.ts'
import { isNews, type Standing, stateOfFailure } from './states.ts'
import { uploadsOf } from './store.ts'
import type { UploadStore } from './uploads/upload-store.ts'

interface News extends Standing {
  slideId: string
  code?: string
  reason?: string
}

/** Saves news of a slide unless it is old. A slide without a record is none of intake's, or gone. */
async function save({ db, telemetry }: IngestDeps, { slideId, state, revision, code, reason }: News): Promise<void> {
  const left = await db.transaction(async trx => {
    const current = await trx
      .selectFrom('slides')
      .select(['state', 'revision', 'received_at', 'changed_at'])
      .where('slide_id', '=', slideId)
      .forUpdate()
      .executeTakeFirst()
    if (!current || !isNews(current, { state, revision })) return
    const progress = state === 'ready' ? 1 : 0
    const news = { state, revision, progress, code: code ?? null, reason: reason ?? null, changed_at: new Date() }
    await trx.updateTable('slides').set(news).where('slide_id', '=', slideId).execute()
    return current
  })
  if (left) createIntakeMeter(telemetry).moved(left, state, code ?? null)
}

async function saveProgress(deps: IngestDeps, slideId: string, stage: string, fraction: number): Promise<void> {
  if (stage !== 'deidentifying' && stage !== 'tiling') return
  const progress = Math.min(1, Math.max(0, fraction))
  const { numUpdatedRows } = await deps.db.query
    .updateTable('slides')
    .set({ progress })
    .where('slide_id', '=', slideId)
    .where('state', '=', stage)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows > 0) return
  const row = await deps.db.query
    .selectFrom('slides')
    .select('revision')
    .where('slide_id', '=', slideId)
    .executeTakeFirst()
  // Progress names no revision: it is that of the slide's work in hand, at least the first.
  if (row) await save(deps, { slideId, state: stage, revision: Math.max(1, row.revision) })
}

/** A slide that has a release name is known by nothing else: what it came as is forgotten. */
async function forgetNames({ db }: IngestDeps, slideId: string, releaseName: string): Promise<void> {
  await db.transaction(async trx => {
    await trx
      .updateTable('slides')
      .set({ release_name: releaseName, source_name: null, research_number: null })
      .where('slide_id', '=', slideId)
      .execute()
    const unnamed = { path: sql<string>`upload_id::text` }
    // A late file's name was never kept, and its extension is still needed.
    const named = trx.updateTable('uploads').set(unnamed).where('slide_id', '=', slideId).where('late', '=', false)
    await named.execute()
    await trx.updateTable('watched').set({ name: null }).where('slide_id', '=', slideId).execute()
  })
}

/** Removes the source and the record; nothing that still comes of the slide brings it back. */
async function remove(deps: IngestDeps, store: UploadStore, slideId: string): Promise<void> {
  const gone = { arrival: 'deleted' as const }
  await deps.db.query.updateTable('slides').set(gone).where('slide_id', '=', slideId).execute()
  // The place stays known, so that what still lies in a watched folder does not come again.
  await deps.db.query.updateTable('watched').set({ name: null }).where('slide_id', '=', slideId).execute()
  const uploads = await uploadsOf(deps.db.query, slideId)
  const found = await countObjects([deps.objects.source, `${slideId}/`])
  await noteErasure(deps.db.query, slideId, { ...found, rows: uploads.length })
  for (const { upload_id } of uploads) await store.remove(upload_id)
  await deps.objects.source.deletePrefix(`${slideId}/`)
  await deps.db.transaction(async trx => {
    await trx.deleteFrom('slides').where('slide_id', '=', slideId).execute()
    const receipt = await takeReceipt(trx, slideId)
    const keeper = { service: 'ingest', site: deps.site }
    if (receipt) await deps.publish(trx, 'slides.erased', { slideId, ...keeper, ...receipt })
  })
}

/** @param wake called when held slides are to be asked for again */
export const consumers = (deps: IngestDeps, store: UploadStore, wake: () => void = () => {}): Consumers => ({
  'subjects.changed': {
    async handle({ project }) {
      if (await askAgain(deps, project)) wake()
    },
  },
  'slides.review_wanted': { handle: ({ slideId, revision }) => save(deps, { slideId, revision, state: 'review' }) },
  'slides.deidentified': {
    async handle({ slideId, revision, release }) {
      await save(deps, { slideId, revision, state: 'tiling' })
      // Also when later news came first.
      if (release?.name) await forgetNames(deps, slideId, release.name)
    },
  },
  'slides.tiled': { handle: ({ slideId, revision }) => save(deps, { slideId, revision, state: 'ready' }) },
  'slides.failed': {
    handle: ({ slideId, revision, code, reason }) =>
      save(deps, { slideId, revision, state: stateOfFailure(code), code, reason }),
  },
  'slides.tiling_failed': {
    handle: ({ slideId, revision, code, reason }) => save(deps, { slideId, revision, state: 'failed', code, reason }),
  },
  'slides.deleted': { handle: ({ slideId }) => remove(deps, store, slideId) },
})

export const followers = (deps: IngestDeps): Followers => ({
  'slides.progress': ({ slideId, stage, fraction }) => saveProgress(deps, slideId, stage, fraction),
  'pyramid.progress': ({ slideId, stage, fraction }) => saveProgress(deps, slideId, stage, fraction),
})
