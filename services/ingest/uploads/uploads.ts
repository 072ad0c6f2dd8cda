/** The tus endpoint: who may upload what, in front of @tus/server. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpCall, RawHttpHandler } from '@coverslip/platform/module.ts'
import { isAnnotationName } from '@coverslip/proto/api/file-names.ts'
import { uuid } from '@coverslip/proto/api.ts'
import type { Locker, Server } from '@tus/server'
import { beginLateFile, findSlideOf } from '../arrivals/late-files.ts'
import { createIntakeMeter } from '../meter.ts'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import { findInSet, findUpload, isInOpenSet, type Upload } from '../store.ts'
import { createFailures, type UploadFailures } from './failures.ts'
import { beginUpload, finishUpload, forgetUpload, type NewUpload } from './registration.ts'
import { assertFree, assertQueue, assertRoom, headerOf, lengthOf, watchFree, watchPace } from './room.ts'
import { createSlots, type Slots } from './slots.ts'
import { createTusServer, PATH } from './tus-server.ts'
import { parseUploadMetadata, type UploadMetadata } from './upload-metadata.ts'
import type { UploadStore } from './upload-store.ts'

const SLIDE_ID = 'Coverslip-Slide-Id'

/** How long a request waits for its turn before it is asked to come back. */
const TURN_MS = 10_000

/** What the handlers work with. */
interface Endpoint {
  deps: IngestDeps
  store: UploadStore
  arriving: Arriving
  slots: Slots
  server: Server
  /** tus asks for the id of a new upload by its request. */
  ids: WeakMap<IncomingMessage, string>
  finish(uploadId: string, size: number): Promise<void>
  failures: UploadFailures
}

/**
 * The handlers of the upload routes.
 * @param arrived called when a slide has all its files
 */
export function uploadRoutes(arriving: Arriving, locker: Locker, arrived: () => void): Record<string, RawHttpHandler> {
  const { deps, store } = arriving
  const ids = new WeakMap<IncomingMessage, string>()
  const finish = async (uploadId: string, size: number): Promise<void> => {
    if (await deps.db.transaction(trx => finishUpload(trx, uploadId, size))) arrived()
  }
  const server = createTusServer(deps, { store, locker, finish, idOf: request => ids.get(request) })
  const { INGEST_UPLOADS: total, INGEST_UPLOADS_PER_USER: perUser } = deps.config
  const slots = createSlots({ total, perUser, waitMs: TURN_MS })
  const meter = createIntakeMeter(deps.telemetry)
  const endpoint: Endpoint = { deps, store, arriving, slots, server, ids, finish, failures: createFailures(meter) }
  const options: RawHttpHandler = async (call, req, res) => {
    mayUploadSomewhere(call)
    await server.handle(req, res)
  }
  const goOn: RawHttpHandler = (call, req, res) => continueUpload(endpoint, call, req, res)
  const counted =
    (handle: Handle): RawHttpHandler =>
    (call, req, res) =>
      endpoint.failures.counted(req, res, () => handle(endpoint, call, req, res))
  const one = `${PATH}/{uploadId}`
  return {
    [`POST ${PATH}`]: counted(createUpload),
    [`OPTIONS ${PATH}`]: options,
    [`OPTIONS ${one}`]: options,
    [`HEAD ${one}`]: goOn,
    [`PATCH ${one}`]: counted(continueUpload),
    [`DELETE ${one}`]: goOn,
    [`GET ${one}`]: neverGive,
  }
}

type Handle = (endpoint: Endpoint, ...args: Parameters<RawHttpHandler>) => Promise<void>

const createUpload: Handle = (endpoint, call, req, res) =>
  inSpan(endpoint.deps, call, null, async () => {
    const { deps, store, ids } = endpoint
    const metadata = parseUploadMetadata(headerOf(call, 'upload-metadata'))
    call.allow({ project: metadata.project })
    const size = lengthOf(call)
    await assertRoom(deps, metadata, size)
    const uploader = call.principal.userId
    await replaceEmpty(deps, store, uploader, metadata)
    const uploadId = randomUUID()
    const traceparent = deps.telemetry.traceparent() ?? null
    const slideId = await begin(endpoint, { uploadId, uploader, metadata, size, traceparent })
    res.setHeader(SLIDE_ID, slideId)
    ids.set(req, uploadId)
    await takeBytes(endpoint, call, req, res)
    if (res.statusCode < 400) return
    await store.remove(uploadId)
    await deps.db.transaction(trx => forgetUpload(trx, uploadId))
  })

/** An annotation file that comes alone belongs to a slide that is known; anything else begins one, or is part of a set. */
async function begin({ deps, arriving }: Endpoint, upload: NewUpload): Promise<string> {
  const { uploadId, metadata, size } = upload
  if (metadata.set === null && isAnnotationName(metadata.filename)) {
    const slideId = await findSlideOf(arriving, metadata.project, metadata.filename)
    await deps.db.transaction(trx => beginLateFile(trx, { uploadId, slideId, filename: metadata.filename, size }))
    return slideId
  }
  if (!(await isInOpenSet(deps.db.query, upload.uploader, metadata.set?.id))) await assertQueue(deps)
  return deps.db.transaction(trx => beginUpload(trx, upload))
}

const continueUpload: Handle = async (endpoint, call, req, res) => {
  const { deps, store, finish } = endpoint
  const upload = await findOwn(deps, call)
  await inSpan(deps, call, upload.traceparent, async () => {
    res.setHeader(SLIDE_ID, upload.slideId)
    const bytes = upload.finished ? null : await store.received(upload.uploadId)
    // The process died between the last byte and the note of it.
    const missed = bytes !== null && bytes.offset === bytes.size && call.method === 'HEAD'
    if (missed) await finish(upload.uploadId, bytes.offset)
    if (missed || upload.finished) return answerFinished(call, res, bytes?.offset ?? upload.size ?? 0)
    if (call.method === 'PATCH') await assertFree(deps, 0)
    if (call.method === 'PATCH') await touch(deps, upload)
    await takeBytes(endpoint, call, req, res)
    const givenUp = call.method === 'DELETE' && res.statusCode < 400
    if (givenUp) await deps.db.transaction(trx => forgetUpload(trx, upload.uploadId))
  })
}

/**
 * Lets tus answer, when it is the request's turn. One that fills the disk, or hardly sends anything, is cut off; its client
 * is told so when it comes back.
 */
async function takeBytes(
  { deps, slots, server, failures }: Endpoint,
  call: HttpCall,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const cutOff = (reason: string): void => failures.cutOff(req, reason)
  const leave = sendsBytes(call) ? await turn(slots, call, req, res) : () => {}
  const ends = [
    leave,
    watchFree(deps, () => cutOff('storage-full')),
    // What has come whole may take its time to be stored.
    watchPace(
      () => req.socket.bytesRead,
      sendsBytes(call) ? deps.config.INGEST_SLOWEST : 0,
      () => req.complete || cutOff('too-slow'),
    ),
  ]
  // srvx, by which tus answers, waits for ever for the end of an answer whose client has left.
  const left = new Promise(resolve => res.once('close', resolve))
  try {
    await Promise.race([server.handle(req, res), left])
  } finally {
    for (const end of ends) end()
  }
}

const sendsBytes = (call: HttpCall): boolean =>
  headerOf(call, 'transfer-encoding') !== undefined || Number(headerOf(call, 'content-length') ?? 0) > 0

async function turn(slots: Slots, call: HttpCall, req: IncomingMessage, res: ServerResponse): Promise<() => void> {
  try {
    return await slots.enter(call.principal.userId, call.signal)
  } catch (error) {
    // Its bytes are not read, so that the connection is of no more use.
    if (!req.complete) res.setHeader('connection', 'close')
    throw error
  }
}

/** Requests of one upload are one trace, which goes on until the slide is ready. */
function inSpan(deps: IngestDeps, call: HttpCall, parent: string | null, work: () => Promise<void>): Promise<void> {
  const route = call.method === 'POST' ? PATH : `${PATH}/{uploadId}`
  const attributes = { 'http.request.method': call.method, 'http.route': route }
  const from = headerOf(call, 'traceparent') ?? parent
  return deps.telemetry.span(`${call.method} ${route}`, { kind: 'server', attributes, parent: from }, work)
}

/**
 * The caller's own upload, or one that they may see as a steward of its project.
 * @throws ServiceError `not-found` for everybody else
 */
async function findOwn(deps: IngestDeps, call: HttpCall): Promise<Upload> {
  const id = call.params.uploadId
  const upload = uuid.safeParse(id).success ? await findUpload(deps.db.query, id!) : undefined
  const unknown = new ServiceError('not-found', 'There is no such upload, or not for you')
  if (!upload || upload.arrival === 'deleted' || upload.arrival === 'expired') throw unknown
  try {
    call.allow({ project: upload.project })
  } catch (error) {
    throw upload.uploader === call.principal.userId ? error : unknown
  }
  return upload
}

/** @throws ServiceError `forbidden` */
function mayUploadSomewhere(call: HttpCall): void {
  if (call.projects().length === 0) throw new ServiceError('forbidden', 'Your role does not allow this')
}

const neverGive: RawHttpHandler = async (call, _req, res) => {
  mayUploadSomewhere(call)
  res.writeHead(405, { allow: 'HEAD, PATCH, DELETE, OPTIONS', 'cache-control': 'no-store' }).end()
}

/** For a client that has not heard that it is done. The bytes are on their way elsewhere: nothing can be changed. */
function answerFinished(call: HttpCall, res: ServerResponse, size: number): void {
  const headers = { 'tus-resumable': '1.0.0', 'cache-control': 'no-store', 'upload-offset': size }
  if (call.method === 'HEAD') res.writeHead(200, { ...headers, 'upload-length': size }).end()
  else if (call.method === 'PATCH' && headerOf(call, 'upload-offset') !== String(size)) {
    throw new ServiceError('conflict', 'The upload is complete')
  } else if (call.method === 'PATCH') res.writeHead(204, headers).end()
  else throw new ServiceError('forbidden', 'The upload is complete; delete the slide instead')
}

/** A client that did not hear the answer to its POST begins again: an upload without a byte makes way. */
async function replaceEmpty(
  deps: IngestDeps,
  store: UploadStore,
  uploader: string,
  { set }: UploadMetadata,
): Promise<void> {
  const uploadId = set && (await findInSet(deps.db.query, uploader, set))
  if (!uploadId) return
  const bytes = await store.received(uploadId)
  if (bytes && bytes.offset > 0) return
  await store.remove(uploadId)
  // Its slide stays: another file of the set may be on its way.
  await deps.db.query.deleteFrom('uploads').where('upload_id', '=', uploadId).where('finished_at', 'is', null).execute()
}

async function touch(deps: IngestDeps, { slideId }: Upload): Promise<void> {
  await deps.db.query
    .updateTable('slides')
    .set({ changed_at: new Date() })
    .where('slide_id', '=', slideId)
    .where('arrival', '=', 'uploading')
    .execute()
}
