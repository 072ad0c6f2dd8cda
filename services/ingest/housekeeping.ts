/** Uploads whose end nobody noted are noted, those that nobody goes on with end, and sources whose time is over go. */
import { uuid } from '@coverslip/proto/api.ts'
import { createIntakeMeter } from './meter.ts'
import type { IngestDeps } from './module-deps.ts'
import { uploadsOf } from './store.ts'
import { isLocked } from './uploads/lease-locker.ts'
import { finishUpload } from './uploads/registration.ts'
import type { UploadStore } from './uploads/upload-store.ts'

const EVERY_MS = 60_000

/** Looks now and every minute until stopped. */
export function startHousekeeping(
  deps: IngestDeps,
  store: UploadStore,
  arrived: () => void,
): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve()
  const look = (): void => {
    running = running
      .then(() => tidyUp(deps, store, arrived))
      .catch(error => deps.log.warn({ err: error }, 'tidying up did not work; it will be tried again'))
  }
  look()
  const timer = setInterval(look, EVERY_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return running
    },
  }
}

/** @param arrived called when a slide turned out to be complete */
export async function tidyUp(deps: IngestDeps, store: UploadStore, arrived: () => void): Promise<void> {
  if (await noteMissed(deps, store)) arrived()
  await failAbandoned(deps, store)
  await forgetAbandonedLate(deps)
  await removeExpired(deps, store)
  await removeRetired(deps)
  await removeStray(deps, store)
}

/** Uploads whose last byte came just before a process died, so that nobody noted it. */
async function noteMissed(deps: IngestDeps, store: UploadStore): Promise<boolean> {
  const open = await deps.db.query
    .selectFrom('uploads')
    .innerJoin('slides', 'slides.slide_id', 'uploads.slide_id')
    .select('upload_id')
    .where(({ eb, or }) => or([eb('arrival', '=', 'uploading'), eb('late', '=', true)]))
    .where('finished_at', 'is', null)
    .execute()
  let complete = false
  for (const { upload_id } of open) {
    if (await isLocked(deps.db, store.nameOf(upload_id))) continue
    const bytes = await store.received(upload_id)
    if (!bytes || bytes.size !== bytes.offset) continue
    if (await deps.db.transaction(trx => finishUpload(trx, upload_id, bytes.offset))) complete = true
  }
  return complete
}

const hours = (ms: number): string => {
  const number = Math.round(ms / 360_000) / 10
  return `${number} ${number === 1 ? 'hour' : 'hours'}`
}

async function failAbandoned(deps: IngestDeps, store: UploadStore): Promise<void> {
  const { UPLOAD_SET_TIMEOUT: timeout } = deps.config
  const before = new Date(Date.now() - timeout)
  const abandoned = await deps.db.query
    .selectFrom('slides')
    .select(['slide_id', 'received_at', 'changed_at'])
    .where('arrival', '=', 'uploading')
    .where('changed_at', '<', before)
    .execute()
  for (const slide of abandoned) {
    const { slide_id } = slide
    const uploads = await uploadsOf(deps.db.query, slide_id)
    const busy = await Promise.all(uploads.map(({ upload_id }) => isLocked(deps.db, store.nameOf(upload_id))))
    if (busy.includes(true)) continue
    const reason = `The upload was not finished within ${hours(timeout)}`
    const end = { arrival: 'expired', state: 'failed', code: 'upload-expired', reason, changed_at: new Date() } as const
    const { numUpdatedRows } = await deps.db.query
      .updateTable('slides')
      .set(end)
      .where('slide_id', '=', slide_id)
      .where('arrival', '=', 'uploading')
      .where('changed_at', '<', before)
      .executeTakeFirstOrThrow()
    if (numUpdatedRows > 0n) createIntakeMeter(deps.telemetry).stopped(slide, 'uploading', end.code)
  }
}

/** Late files that nobody goes on with; their slides stay. */
async function forgetAbandonedLate({ db, config }: IngestDeps): Promise<void> {
  await db.query
    .deleteFrom('uploads')
    .where('late', '=', true)
    .where('finished_at', 'is', null)
    .where('created_at', '<', new Date(Date.now() - config.UPLOAD_SET_TIMEOUT))
    .execute()
}

/** Bytes go after the record says so: a process that dies in between leaves this to the next. */
async function removeExpired(deps: IngestDeps, store: UploadStore): Promise<void> {
  const uploads = await deps.db.query
    .selectFrom('uploads')
    .innerJoin('slides', 'slides.slide_id', 'uploads.slide_id')
    .select('upload_id')
    .where('arrival', '=', 'expired')
    .execute()
  for (const { upload_id } of uploads) {
    await store.remove(upload_id)
    await deps.db.query.deleteFrom('uploads').where('upload_id', '=', upload_id).execute()
  }
}

/** Sources whose time is over, and those of duplicates. */
async function removeRetired(deps: IngestDeps): Promise<void> {
  const { SOURCE_RETENTION } = deps.config
  const before = SOURCE_RETENTION === undefined ? undefined : new Date(Date.now() - SOURCE_RETENTION)
  const retired = await deps.db.query
    .selectFrom('slides')
    .select('slide_id')
    .where('source_removed_at', 'is', null)
    .where(({ eb, and, or }) =>
      or([
        and([eb('state', '=', 'failed'), eb('code', '=', 'duplicate')]),
        ...(before ? [and([eb('state', '=', 'ready'), eb('changed_at', '<', before)])] : []),
      ]),
    )
    .execute()
  for (const { slide_id } of retired) await removeSource(deps, slide_id)
}

/** Removes the bytes of a slide's source; its record stays. */
export async function removeSource({ db, objects }: IngestDeps, slideId: string): Promise<void> {
  await objects.source.deletePrefix(`${slideId}/`)
  const removed = { source_removed_at: new Date() }
  await db.query.updateTable('slides').set(removed).where('slide_id', '=', slideId).execute()
}

/** Bytes that no record knows of: a process died between forgetting them and removing them. */
async function removeStray({ db }: IngestDeps, store: UploadStore): Promise<void> {
  const stray = await store.list()
  if (stray.size === 0) return
  const known = await db.query
    .selectFrom('uploads')
    .select('upload_id')
    .where(
      'upload_id',
      'in',
      [...stray].filter(id => uuid.safeParse(id).success),
    )
    .execute()
  for (const { upload_id } of known) stray.delete(upload_id)
  for (const id of stray) await store.remove(id)
}
