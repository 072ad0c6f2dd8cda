/** Resumable uploads by tus 1.0 (https://tus.io/protocols/resumable-upload): POST, then PATCH from the offset HEAD tells. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from './errors.ts'
import { askedToWait, errorOf, send, type Target, UnreachableError } from './http.ts'
import type { SlideSource, SourceFile } from './sources.ts'
import type { Begun, Unfinished } from './unfinished.ts'

const UPLOADS = '/api/intake/uploads'
const TUS = { 'tus-resumable': '1.0.0' }
/** Waits between tries after a broken connection; begun anew whenever bytes got through. */
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]

export interface UploadOptions {
  project?: string | undefined
  signal?: AbortSignal | undefined
  /** Bytes of all files of the slide that the server has. */
  onProgress?(bytes: number): void
  /** The server asked to come back later. */
  onWait?(): void
  retryMs?: readonly number[]
  /** Where an earlier run left off, and where this one notes how far it is. */
  unfinished?: Unfinished | undefined
}

/**
 * Sends a slide, all files of a set under one id; goes on where an earlier run left off.
 * @returns the slide's id
 * @throws CliError with the server's reason, or when the connection breaks again and again; file-system errors as they are
 */
export async function uploadSlide(target: Target, source: SlideSource, options: UploadOptions = {}): Promise<string> {
  const { unfinished } = options
  const before = await begunBefore(target, options)
  const begun: Begun = before?.begun ?? {
    slideId: '',
    ...(source.files.length > 1 ? { set: randomUUID() } : {}),
    locations: source.files.map(() => null),
  }
  const set = begun.set === undefined ? undefined : { set: begun.set, setSize: `${source.files.length}` }
  const project = options.project === undefined ? undefined : { project: options.project }
  let done = 0
  for (const [i, file] of source.files.entries()) {
    let upload = before?.uploads[i]
    if (!upload) {
      const metadata = { filename: basename(file.path), ...project, ...(set && { ...set, path: file.name }) }
      const { slideId, ...created } = await create(target, file.bytes, metadata, options)
      upload = { ...created, offset: 0 }
      begun.slideId = slideId
      begun.locations[i] = created.location
      await unfinished?.save(begun)
    }
    await sendFile(target, file, upload, { ...options, onProgress: sent => options.onProgress?.(done + sent) })
    done += file.bytes
  }
  await unfinished?.forget()
  return begun.slideId
}

/** An upload that the server knows, and how far it is. */
interface Upload {
  location: string
  offset: number
}

/**
 * What an earlier run began, as the server has it. Nothing when the server has lost some of it: files of a set go
 * together, so all of it begins anew.
 */
async function begunBefore(
  target: Target,
  options: UploadOptions,
): Promise<{ begun: Begun; uploads: (Upload | undefined)[] } | undefined> {
  const begun = await options.unfinished?.read()
  if (!begun) return undefined
  const uploads: (Upload | undefined)[] = []
  try {
    for (const location of begun.locations) {
      uploads.push(location === null ? undefined : { location, offset: await headOf(target, location, 0, options) })
    }
    return { begun, uploads }
  } catch (error) {
    if (!(error instanceof CliError && error.code === 'upload-lost')) throw error
    await options.unfinished?.forget()
    return undefined
  }
}

/** Sends what the server does not have of a file. */
async function sendFile(target: Target, file: SourceFile, upload: Upload, options: UploadOptions): Promise<void> {
  const { location } = upload
  const waits = options.retryMs ?? RETRY_MS
  let { offset } = upload
  for (let tries = 0; offset < file.bytes; ) {
    const sent = await patch(target, location, file, offset, options)
    if (sent.offset > offset || sent.busyMs !== undefined) tries = 0
    offset = sent.offset
    if (offset === file.bytes) break
    if (sent.busyMs !== undefined) {
      await waitAsked(sent.busyMs, options)
      offset = await offsetOf(target, location, offset, options)
      continue
    }
    if ((await stat(file.path)).size < file.bytes) {
      throw new CliError('changed', 'The file became shorter while it was sent; send it again when it is complete')
    }
    if (tries >= waits.length)
      throw sent.error ?? new CliError('upload-broken', 'The connection breaks again and again')
    await sleep(waits[tries++]!, undefined, { signal: options.signal })
    offset = await offsetOf(target, location, offset, options)
  }
  options.onProgress?.(file.bytes)
}

async function create(
  target: Target,
  bytes: number,
  metadata: Record<string, string>,
  options: UploadOptions,
): Promise<{ location: string; slideId: string }> {
  const headers = { ...TUS, 'upload-length': `${bytes}`, 'upload-metadata': encodeMetadata(metadata) }
  const created = await whenItIsOurTurn(options, () =>
    send(target, UPLOADS, { method: 'POST', headers, signal: options.signal ?? null }),
  )
  const location = created.headers.get('location')
  const slideId = created.headers.get('coverslip-slide-id')
  if (location && slideId) return { location: new URL(location, new URL(UPLOADS, target.url)).pathname, slideId }
  throw new CliError('unexpected-answer', `${target.url} takes no uploads; check COVERSLIP_INTAKE_URL`)
}

/** Asks again as long as the server is only busy. @throws CliError with the server's reason for anything else */
async function whenItIsOurTurn(options: UploadOptions, ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await ask()
    if (answer.ok) return answer
    const busyMs = askedToWait(answer)
    if (busyMs === undefined) throw await errorOf(answer)
    await answer.body?.cancel()
    await waitAsked(busyMs, options)
  }
}

/** A little longer than asked, each client differently, so that they do not all come back at once. */
async function waitAsked(ms: number, options: UploadOptions): Promise<void> {
  options.onWait?.()
  await sleep(ms * (1 + Math.random() / 2), undefined, { signal: options.signal })
}

/** Sends the rest of the file. A broken connection is no error yet: the server is asked how far it got. */
async function patch(
  target: Target,
  location: string,
  file: SourceFile,
  offset: number,
  options: UploadOptions,
): Promise<{ offset: number; error?: CliError; busyMs?: number }> {
  const headers = { ...TUS, 'upload-offset': `${offset}`, 'content-type': 'application/offset+octet-stream' }
  const reading = createReadStream(file.path, { start: offset, end: file.bytes - 1, highWaterMark: 1 << 20 })
  let unreadable: unknown
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    let passed = offset
    try {
      for await (const chunk of reading) {
        yield chunk
        passed += chunk.length
        options.onProgress?.(passed)
      }
    } catch (error) {
      unreadable = error
      throw error
    }
  }
  try {
    const body = ReadableStream.from(counted()) as ReadableStream
    const answer = await send(target, location, { method: 'PATCH', headers, body, signal: options.signal ?? null })
    if (answer.ok) return { offset: offsetTold(answer, target) }
    const busyMs = askedToWait(answer)
    const error = await errorOf(answer)
    if (busyMs !== undefined) return { offset, error, busyMs }
    // 409: the server has another offset; 423: the broken connection still holds the upload; 5xx may pass.
    if (![409, 423, 500, 502, 503, 504].includes(answer.status)) throw error
    return { offset, error }
  } catch (error) {
    if (unreadable) throw unreadable
    if (!(error instanceof UnreachableError)) throw error
    return { offset, error }
  } finally {
    reading.destroy()
  }
}

/** How many bytes the server has; `known` while it cannot be reached. */
async function offsetOf(target: Target, location: string, known: number, options: UploadOptions): Promise<number> {
  try {
    return await headOf(target, location, known, options)
  } catch (error) {
    if (error instanceof UnreachableError) return known
    throw error
  }
}

/** The same; `known` while it is busy only. @throws CliError `upload-lost`, and when nobody answers */
async function headOf(target: Target, location: string, known: number, options: UploadOptions): Promise<number> {
  const answer = await send(target, location, { method: 'HEAD', headers: TUS, signal: options.signal ?? null })
  if (answer.ok) return offsetTold(answer, target)
  if (answer.status === 401) throw await errorOf(answer)
  if (answer.status < 500 && answer.status !== 423) {
    throw new CliError('upload-lost', 'The server has lost the upload; send the slide again')
  }
  return known
}

function offsetTold(answer: Response, target: Target): number {
  const told = answer.headers.get('upload-offset') ?? ''
  if (/^\d+$/.test(told)) return Number(told)
  throw new CliError('unexpected-answer', `${target.url} takes no uploads; check COVERSLIP_INTAKE_URL`)
}

/** `filename ZXhhbXBsZQ==,path …`: values in Base64, so that any name passes. */
function encodeMetadata(metadata: Record<string, string>): string {
  return Object.entries(metadata)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}
