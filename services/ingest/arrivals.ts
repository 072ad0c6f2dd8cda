/**
 * What happens after the last byte: the files become objects, the slide is recognised by its content and announced. Work
 * to do is a row (`arrival = 'uploaded'`), so that a process that dies leaves it to the next; a claim on it is a lease.
 */
import { bell } from '@coverslip/platform/bell.ts'
import { causeCode, toServiceError } from '@coverslip/platform/errors.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { sql } from 'kysely'
import type { IngestDeps } from './module-deps.ts'
import { type SlideFiles, slideFiles } from './slide-files.ts'
import { type SlideRow, uploadsOf } from './store.ts'
import type { UploadStore } from './upload-store.ts'

const CLAIM_MS = 6000
/** Looks for work left by others; own work wakes the worker at once. */
const LOOK_MS = 5000
const MAX_ATTEMPTS = 8

export interface Worker {
  /** There may be something to do. */
  wake(): void
  stop(): Promise<void>
}

/** Brings in slides, one after the other, until it is stopped. */
export function startArrivals(deps: IngestDeps, store: UploadStore): Worker {
  const stopping = new AbortController()
  const arrived = bell()
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const slide = await claim(deps).catch(() => undefined)
      if (slide) await bringIn(deps, store, slide, stopping.signal)
      else if (!stopping.signal.aborted) await arrived.wait(LOOK_MS)
    }
  }
  const running = loop()
  return {
    wake: arrived.ring,
    stop: async () => {
      stopping.abort()
      arrived.ring()
      await running
    },
  }
}

const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`

/** Takes the slide that has waited longest. */
function claim({ db }: IngestDeps): Promise<SlideRow | undefined> {
  return db.transaction(async trx => {
    const next = await trx
      .selectFrom('slides')
      .select('slide_id')
      .where('arrival', '=', 'uploaded')
      .where(({ eb, or }) => or([eb('claimed_until', 'is', null), eb('claimed_until', '<', sql<Date>`now()`)]))
      .orderBy('changed_at')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (!next) return undefined
    return trx
      .updateTable('slides')
      .set(({ eb }) => ({ claimed_until: inMs(CLAIM_MS), attempts: eb('attempts', '+', 1) }))
      .where('slide_id', '=', next.slide_id)
      .returningAll()
      .executeTakeFirst()
  })
}

async function bringIn(deps: IngestDeps, store: UploadStore, slide: SlideRow, signal: AbortSignal): Promise<void> {
  const holdOn = () =>
    deps.db.query
      .updateTable('slides')
      .set({ claimed_until: inMs(CLAIM_MS) })
      .where('slide_id', '=', slide.slide_id)
      .execute()
      .catch(() => {})
  const beat = setInterval(() => void holdOn(), CLAIM_MS / 3)
  const attributes = { 'coverslip.slide.id': slide.slide_id, 'coverslip.stage': 'received' }
  try {
    await deps.telemetry.span('slide arrives', { parent: slide.traceparent, attributes }, () =>
      receive(deps, store, slide, signal),
    )
  } catch (error) {
    await saveTrouble(deps, slide, error, signal)
  } finally {
    clearInterval(beat)
  }
}

async function receive(deps: IngestDeps, store: UploadStore, slide: SlideRow, signal: AbortSignal): Promise<void> {
  const files = await moveFiles(deps, store, slide, signal)
  if (!files.source) {
    const expected = 'expected one slide file, an MRXS file with its folder, or a slide with its annotation XML'
    throw new SlideFileError('unsupported', `The files do not make up a slide: ${expected}.`)
  }
  const prefix = `${slide.slide_id}/1/`
  const local = await localFolder(deps.objects.source, prefix, files.source, deps.scratch)
  const { format } = await describeSlide(local.path, signal).finally(() => local.release())
  await announce(deps, slide, format, [...files.source])
}

/** Makes objects of the uploaded files, and keeps a digest of each as it was received. */
async function moveFiles(
  deps: IngestDeps,
  store: UploadStore,
  slide: SlideRow,
  signal: AbortSignal,
): Promise<SlideFiles> {
  const uploads = await uploadsOf(deps.db.query, slide.slide_id)
  const files = slideFiles(
    slide.slide_id,
    uploads.map(({ upload_id, path }) => ({ uploadId: upload_id, path })),
  )
  for (const { upload_id, sha256 } of uploads) {
    const key = files.keys.get(upload_id)!
    await store.moveTo(upload_id, key)
    if (sha256) continue
    const local = await deps.objects.source.localFile(key, deps.scratch)
    const digest = await fileSha256(local.path, signal).finally(() => local.release())
    await deps.db.query
      .updateTable('uploads')
      .set({ object_key: key, sha256: digest })
      .where('upload_id', '=', upload_id)
      .execute()
  }
  return files
}

async function announce(deps: IngestDeps, slide: SlideRow, format: string, sourceKeys: string[]): Promise<void> {
  const { slide_id: slideId, project } = slide
  const there = await deps.db.transaction(async trx => {
    const saved = await trx
      .updateTable('slides')
      .set({ arrival: 'arrived', format, progress: 1, claimed_until: null, changed_at: new Date() })
      .where('slide_id', '=', slideId)
      .where('arrival', '=', 'uploaded')
      .returning('source_bytes')
      .executeTakeFirst()
    if (!saved) return false
    const bytes = BigInt(saved.source_bytes)
    await deps.publish(trx, 'slides.received', {
      slideId,
      project,
      sourceKeys,
      bytes,
      format,
      pseudonyms: undefined,
      material: undefined,
      researchNumber: '',
    })
    return true
  })
  // Deleted meanwhile: what was moved after the deletion goes as well.
  if (!there) await deps.objects.source.deletePrefix(`${slideId}/`)
}

/** Tries again later what may pass; anything else is the slide's end, with the reason. */
async function saveTrouble(deps: IngestDeps, slide: SlideRow, error: unknown, signal: AbortSignal): Promise<void> {
  const known = toServiceError(error)
  const again = signal.aborted || ((known.retryable || known.code === 'internal') && slide.attempts < MAX_ATTEMPTS)
  const slides = deps.db.query
    .updateTable('slides')
    .where('slide_id', '=', slide.slide_id)
    .where('arrival', '=', 'uploaded')
  if (again) {
    deps.log.warn({ err: error, slideId: slide.slide_id }, 'a slide could not be received yet')
    const waitMs = signal.aborted ? 0 : Math.min(60_000, 500 * 2 ** slide.attempts)
    await slides
      .set({ claimed_until: inMs(waitMs) })
      .execute()
      .catch(() => {})
    return
  }
  const code = causeCode(known)
  const end = { arrival: 'arrived', state: 'failed', code, reason: known.publicMessage, claimed_until: null } as const
  await slides.set({ ...end, changed_at: new Date() }).execute()
}
