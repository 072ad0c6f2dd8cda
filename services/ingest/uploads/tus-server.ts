import type { IncomingMessage } from 'node:http'
import { toServiceError } from '@coverslip/platform/errors.ts'
import { type Locker, Server } from '@tus/server'
import type { IngestDeps } from '../module-deps.ts'
import { assertFree } from './room.ts'
import type { UploadStore } from './upload-store.ts'

/** Where uploads are: `/api/intake/uploads/{uploadId}`. */
export const PATH = '/api/intake/uploads'

export interface TusOptions {
  store: UploadStore
  locker: Locker
  /** The upload id that a POST is to get. */
  idOf(request: IncomingMessage): string | undefined
  /** Called when all bytes of an upload are there. */
  finish(uploadId: string, size: number): Promise<void>
}

const isFull = (error: unknown): boolean => toServiceError(error).code === 'storage-full'

/** @tus/server with our names, locks and bounds. */
export function createTusServer(deps: IngestDeps, { store, locker, idOf, finish }: TusOptions): Server {
  const { config, log } = deps
  return new Server({
    path: PATH,
    datastore: store.datastore,
    locker,
    maxSize: config.UPLOAD_MAX_BYTES,
    relativeLocation: true,
    disableTerminationForFinishedUploads: true,
    // Browsers of other sites have no business here; without this tus allows them all.
    allowedOrigins: () => false,
    namingFunction: request => {
      const node = (request as { runtime?: { node?: { req: IncomingMessage } } }).runtime?.node
      const id = node && idOf(node.req)
      if (!id) throw new Error('an upload was begun without having been registered')
      return store.nameOf(id)
    },
    getFileIdFromRequest: (_request, last) => (last ? store.nameOf(last) : undefined),
    generateUrl: (_request, { path, id }) => `${path}/${store.uploadIdOf(id)}`,
    onUploadFinish: async (_request, upload) => {
      await finish(store.uploadIdOf(upload.id), upload.size ?? upload.offset)
      return {}
    },
    onResponseError: async (_request, error) => {
      // A client that hangs up is no error of ours; it comes back and resumes.
      if (!('status_code' in error)) log.info({ err: error }, 'an upload request ended early')
      // tus' own refusals say what they are, but not why bytes could not be written.
      if ('status_code' in error && error.status_code < 500) return undefined
      const failure = 'status_code' in error ? undefined : store.failure(error)
      const full = failure?.code === 'storage-full' || (await assertFree(deps, 1).then(() => false, isFull))
      if (full) return { status_code: 507, body: 'The storage is full; ask the operator\n' }
      // Clients that resume wait for a moment and go on where they were.
      return failure?.code === 'unavailable' ? { status_code: 503, body: `${failure.publicMessage}\n` } : undefined
    },
  })
}
