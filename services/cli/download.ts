/** Downloads that survive broken connections and never leave half a file under the file's name. */
import { createWriteStream } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import { CliError } from './errors.ts'
import { errorOf, send, slidePath, UnreachableError } from './http.ts'
import { publish, refuseExisting } from './new-file.ts'

export type Rendition = 'original' | 'pyramid'

export interface DownloadOptions {
  rendition: Rendition
  /** Default: the name that the server gives the file, in the working folder. */
  path?: string | undefined
  force: boolean
  signal?: AbortSignal | undefined
  /** @param total undefined when the server does not say */
  onProgress?(bytes: number, total: number | undefined): void
  retryMs?: readonly number[]
}

const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000]

/**
 * Downloads a rendition of a slide. What an earlier, interrupted download left (`FILE.part`) is continued when it is
 * still the same object.
 * @returns the path of the file
 */
export async function download(connection: Connection, id: string, options: DownloadOptions): Promise<string> {
  const route = slidePath(id, `/${options.rendition}`)
  if (options.path !== undefined) await refuseExisting(options.path, options.force)
  const path = options.path ?? (await nameGiven(connection, route, id))
  await refuseExisting(path, options.force)
  const waits = options.retryMs ?? RETRY_MS
  for (let tries = 0, had = await partOf(path); ; tries++) {
    try {
      await fetchRest(connection, route, path, options)
      break
    } catch (error) {
      const now = await partOf(path)
      if (now.bytes > had.bytes) tries = 0
      had = now
      if (!isBroken(error) || tries >= waits.length) throw error
      await sleep(waits[tries]!, undefined, { signal: options.signal })
    }
  }
  await publish(`${path}.part`, path, options.force)
  await rm(`${path}.part.etag`, { force: true })
  return path
}

/** The rest of the file, or all of it when the object is another one now. */
async function fetchRest(connection: Connection, route: string, path: string, options: DownloadOptions): Promise<void> {
  const { bytes, etag } = await partOf(path)
  const headers: Record<string, string> = bytes ? { range: `bytes=${bytes}-`, 'if-range': etag } : {}
  const response = await send(connection, route, { headers, signal: options.signal ?? null })
  // The part was complete already, and only its new name was missing.
  if (response.status === 416 && totalOf(response) === bytes) return
  if (!response.ok || !response.body) throw await errorOf(response)
  const from = response.status === 206 && response.headers.get('etag') === etag ? bytes : 0
  // Removed before the new ETag is written: a part never lies beside the ETag of another object.
  if (from === 0) await rm(`${path}.part`, { force: true })
  if (from === 0 && response.status === 206) {
    await response.body.cancel()
    return fetchRest(connection, route, path, options)
  }
  await writeFile(`${path}.part.etag`, response.headers.get('etag') ?? '')
  const total = totalOf(response)
  let at = from
  const counted = async function* (body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      at += chunk.length
      options.onProgress?.(at, total)
      yield chunk
    }
  }
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream)
  await pipeline(body, counted, createWriteStream(`${path}.part`, { flags: from ? 'a' : 'w' }))
  if (total !== undefined && at !== total) throw new UnreachableError(connection.url)
}

/** What lies there of the file; nothing that can be continued without the object's ETag. */
async function partOf(path: string): Promise<{ bytes: number; etag: string }> {
  const etag = await readFile(`${path}.part.etag`, 'utf8').catch(() => '')
  const bytes = await stat(`${path}.part`).then(
    facts => facts.size,
    () => 0,
  )
  return etag ? { bytes, etag } : { bytes: 0, etag }
}

function totalOf(response: Response): number | undefined {
  const range = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
  const total = range?.[1] ?? (response.status === 200 ? response.headers.get('content-length') : null)
  return total ? Number(total) : undefined
}

/** The file name of the answer's Content-Disposition, without any folder. */
async function nameGiven(connection: Connection, route: string, id: string): Promise<string> {
  const response = await send(connection, route, { headers: { range: 'bytes=0-0' } })
  if (!response.ok) throw await errorOf(response)
  await response.body?.cancel()
  const name = /filename="?([\w.-]+)"?/.exec(response.headers.get('content-disposition') ?? '')?.[1]
  return name && !name.startsWith('.') ? name : `${id}.tiff`
}

/** Whether another try may help: the connection broke, before or within the answer. */
function isBroken(error: unknown): boolean {
  if (error instanceof UnreachableError) return true
  if (error instanceof CliError) return error.code === 'unavailable'
  // undici's name for a body that ended early.
  return error instanceof TypeError && error.message === 'terminated'
}
