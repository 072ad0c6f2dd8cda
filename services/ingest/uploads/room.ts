/** Whether there is room for an upload. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall } from '@coverslip/platform/module.ts'
import type { IngestDeps } from '../module-deps.ts'
import type { UploadMetadata } from './upload-metadata.ts'

/** What it takes to know how much is free. */
interface Room {
  objects: { source: Pick<IngestDeps['objects']['source'], 'freeBytes'> }
  config: Pick<IngestDeps['config'], 'INGEST_FREE_FLOOR'>
}

/** A header that comes once. */
export function headerOf(call: HttpCall, name: string): string | undefined {
  const value = call.headers[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * Upload-Length; null when the client tells it later.
 * @throws ServiceError `invalid`
 */
export function lengthOf(call: HttpCall): number | null {
  const header = headerOf(call, 'upload-length')
  if (header === undefined && headerOf(call, 'upload-defer-length') === '1') return null
  const length = Number(header)
  if (header && Number.isSafeInteger(length) && length >= 0) return length
  throw new ServiceError('invalid', 'Upload-Length must be a number of bytes')
}

/** @throws ServiceError `too-large`, `invalid`, `storage-full` */
export async function assertRoom(deps: IngestDeps, { set }: UploadMetadata, size: number | null): Promise<void> {
  const { UPLOAD_MAX_BYTES, UPLOAD_SET_MAX_FILES } = deps.config
  if (size !== null && size > UPLOAD_MAX_BYTES) throw new ServiceError('too-large', 'The file is too large')
  if (set && set.size > UPLOAD_SET_MAX_FILES) throw new ServiceError('invalid', 'The set has too many files')
  await assertFree(deps, size ?? 0)
}

/**
 * Gives up while bytes come in and less than the floor stays free: uploads are let in one by one, and several together may
 * take more than there is, down to where the database on the same disk can no longer write.
 * @returns what ends the watch
 */
export function watchFree(deps: Room, giveUp: () => void, everyMs = 1000): () => void {
  const timer = setInterval(() => {
    assertFree(deps, 0).catch(error => error instanceof ServiceError && error.code === 'storage-full' && giveUp())
  }, everyMs)
  return () => clearInterval(timer)
}

/**
 * Gives up when less than `slowest` bytes per second came over a span of time: a client that sends one byte a minute
 * would keep its place for ever.
 * @returns what ends the watch
 */
export function watchPace(received: () => number, slowest: number, giveUp: () => void, spanMs = 60_000): () => void {
  let before = received()
  const timer = setInterval(() => {
    const now = received()
    if (now - before < (slowest * spanMs) / 1000) giveUp()
    before = now
  }, spanMs)
  return () => clearInterval(timer)
}

/** @throws ServiceError `unavailable` when many slides wait to be recognised */
export async function assertQueue({ db, config }: IngestDeps): Promise<void> {
  const { waiting } = await db.query
    .selectFrom('slides')
    .select(({ fn }) => fn.countAll<string | number>().as('waiting'))
    .where('arrival', 'in', ['uploaded', 'recognised'])
    .executeTakeFirstOrThrow()
  if (Number(waiting) < config.INGEST_QUEUE) return
  throw new ServiceError('unavailable', 'Many slides wait to be taken in; this one can come in a moment')
}

/** @throws ServiceError `storage-full` when `size` more bytes would leave less than the floor */
export async function assertFree(deps: Room, size: number): Promise<void> {
  const free = await deps.objects.source.freeBytes()
  if (free !== undefined && free - size < deps.config.INGEST_FREE_FLOOR) {
    throw new ServiceError('storage-full', 'There is not enough free space to take the file; ask the operator')
  }
}
