/** Takes what has stood still in a watched folder: a slide that opens is copied, an annotation file follows its slide. */
import { randomUUID } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'
import { describeSlide } from '@coverslip/wsi/open.ts'
import { sql } from 'kysely'
import { isArchive, listArchive } from '../arrivals/archive.ts'
import { beginLateFile } from '../arrivals/late-files.ts'
import { archiveLimits } from '../arrivals/unpacking.ts'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import { findSlide, type WatchedRow } from '../store.ts'
import { finishUpload } from '../uploads/registration.ts'
import { assertFree, assertQueue, watchFree } from '../uploads/room.ts'
import { beginCopy, copyFile, copyFiles, giveUpCopy, isCopying, readable, SourceChangedError } from './copying.ts'
import { filesNow, isOutside, type WatchedFile } from './finding.ts'
import { fingerprintOf, type Known, later, save, settledBeside, slideBeside } from './memory.ts'
import type { WatchedFolder } from './setting.ts'

const CLAIM_MS = 30_000
/** A decoder that runs for ever must not hold up the folder. */
const OPEN_MS = 150_000
const FIRST_WAIT_MS = 5000
const LONGEST_WAIT_MS = 300_000

/** A look at one folder. */
export interface Look extends Arriving {
  folder: WatchedFolder
  arrived(): void
  signal: AbortSignal
}

/**
 * Takes one place, unless another process does. What is wrong with it alone is noted.
 * @throws ServiceError `storage-full` or `unavailable` when nothing can be taken now
 */
export async function takePlace(look: Look, found: Known, row: WatchedRow): Promise<void> {
  const { deps } = look
  if (!(await claim(deps, found.place))) return
  const beat = setInterval(() => void claim(deps, found.place, true).catch(() => {}), CLAIM_MS / 3)
  try {
    await (found.kind === 'slide' ? takeSlide(look, found, row) : takeAnnotations(look, found))
  } catch (error) {
    if (look.signal.aborted) return
    await saveTrouble(look, found, row, error)
  } finally {
    clearInterval(beat)
    await save(deps, found.place, { claimed_until: null })
  }
}

async function claim({ db }: IngestDeps, place: string, mine = false): Promise<boolean> {
  const taken = await db.query
    .updateTable('watched')
    .set({ claimed_until: sql<Date>`now() + ${CLAIM_MS} * interval '1 millisecond'` })
    .where('place', '=', place)
    .where(({ eb, or }) =>
      mine
        ? eb('place', '=', place)
        : or([eb('claimed_until', 'is', null), eb('claimed_until', '<', sql<Date>`now()`)]),
    )
    .executeTakeFirstOrThrow()
  return Number(taken.numUpdatedRows) > 0
}

async function takeSlide(look: Look, found: Known, row: WatchedRow): Promise<void> {
  const { deps } = look
  const before = row.slide_id === null ? undefined : await findSlide(deps.db.query, row.slide_id)
  const wasCopying = row.state === 'copying' && before?.arrival !== 'expired'
  // The process died behind the last byte, or somebody deleted the slide.
  if (wasCopying && !isCopying(before)) return void (await save(deps, found.place, { state: 'taken' }))
  if (!wasCopying && row.slide_id) await giveUpCopy(look, row.slide_id)
  const slideId = wasCopying ? row.slide_id! : await begin(look, found)
  await copy(look, found, slideId)
  await save(deps, found.place, { state: 'taken', reason: null })
  look.arrived()
}

/** Copies while there is room. What stops is gone on with, unless the files themselves are others by now. */
async function copy(look: Look, found: Known, slideId: string): Promise<void> {
  const { deps, hash } = look
  const confirm = async (): Promise<void> => {
    const now = await filesNow(found.files)
    if (!now || fingerprintOf(hash, now) !== found.fingerprint) throw new SourceChangedError()
  }
  const full = new AbortController()
  const ended = watchFree(deps, () => full.abort(new ServiceError('storage-full', 'There is not enough free space')))
  const files = [...found.files, ...found.beside.flatMap(one => one.files)]
  try {
    await copyFiles(look, slideId, files, confirm, AbortSignal.any([look.signal, full.signal]))
  } catch (error) {
    if (hasChanged(error)) {
      await giveUpCopy(look, slideId)
      await save(deps, found.place, { state: 'settling', slide_id: null })
    }
    throw error
  } finally {
    ended()
  }
}

const hasChanged = (error: unknown): boolean =>
  error instanceof SourceChangedError ||
  ['ENOENT', 'ELOOP', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')

/** Opens the slide, and registers its copy when there is room. */
async function begin(look: Look, found: Known): Promise<string> {
  const { deps, hash, folder } = look
  await assertOpens(look, found)
  await assertQueue(deps)
  const beside = await settledBeside(deps, hash, folder, found)
  const files = [...found.files, ...beside.flatMap(one => one.files)]
  await assertFree(
    deps,
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  const traceparent = deps.telemetry.traceparent() ?? null
  return deps.db.transaction(async trx => {
    const slideId = await beginCopy(trx, { project: folder.project, files, traceparent })
    const news = { state: 'copying' as const, slide_id: slideId, reason: null }
    await trx.updateTable('watched').set(news).where('place', '=', found.place).execute()
    const places = beside.map(({ place }) => place)
    const gone = { state: 'taken' as const, slide_id: slideId }
    if (places.length > 0) await trx.updateTable('watched').set(gone).where('place', 'in', places).execute()
    return slideId
  })
}

/** @throws SlideFileError for a slide that cannot be read (yet), ServiceError `invalid` for one that lies elsewhere */
async function assertOpens({ deps, folder, signal }: Look, found: Known): Promise<void> {
  const [main] = found.files as [WatchedFile]
  const root = await realpath(folder.path)
  if (isOutside(root, await realpath(main.path))) {
    throw new ServiceError('invalid', 'It lies outside of the watched folder')
  }
  if (await isArchive(main.path)) return void (await listArchive(main.path, archiveLimits(deps)))
  await describeSlide(main.path, AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)]))
}

/** An annotation file that was not there when its slide was taken, or has changed since. */
async function takeAnnotations(look: Look, found: Known): Promise<void> {
  const { deps, hash, folder, signal, store } = look
  const of = await slideBeside(deps, hash, folder, found.slide!)
  // It goes with its slide.
  if (of?.state !== 'taken' || !of.slideId) return
  const [file] = found.files as [WatchedFile]
  const [uploadId, slideId] = [randomUUID(), of.slideId]
  await assertFree(deps, file.bytes)
  const late = { uploadId, slideId, filename: file.name, size: file.bytes }
  await deps.db.transaction(trx => beginLateFile(trx, late))
  await copyFile(store, { upload_id: uploadId }, file, signal)
  await deps.db.transaction(async trx => {
    await finishUpload(trx, uploadId, file.bytes)
    const taken = { state: 'taken' as const, slide_id: slideId, reason: null }
    await trx.updateTable('watched').set(taken).where('place', '=', found.place).execute()
  })
  look.arrived()
}

/** What does not open is tried again for a while, then listed as refused. @throws what concerns every place */
async function saveTrouble({ deps, folder }: Look, found: Known, row: WatchedRow, error: unknown): Promise<void> {
  if (hasChanged(error)) return
  if (error instanceof ServiceError && error.retryable) throw error
  const reason = error instanceof SlideFileError ? error.publicMessage : readable(error)
  const hopeless = Date.now() - row.since.getTime() > deps.config.WATCH_PATIENCE
  const final = error instanceof SlideFileError || (error instanceof ServiceError && !error.retryable)
  if (hopeless && final) return void (await save(deps, found.place, { state: 'refused', reason }))
  if (!final)
    deps.log.warn({ err: error, project: folder.project }, 'a file of a watched folder could not be taken yet')
  await later(deps, found.place, reason, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(10, row.attempts)))
}
