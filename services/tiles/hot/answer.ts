/** Answers with pictures, from wherever they came. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CacheAnswer } from '../cache/tile-cache.ts'
import { FOR_EVER, namesEtag, SAFE_HEADERS } from './headers.ts'

/** Answers 304 when the caller has these bytes already. */
export function notModified(
  req: IncomingMessage,
  res: ServerResponse,
  etag: string,
  { cacheControl = FOR_EVER } = {},
): boolean {
  const known = req.headers['if-none-match']
  if (known === undefined || !namesEtag(known, etag)) return false
  res.writeHead(304, { ...SAFE_HEADERS, 'cache-control': cacheControl, etag }).end()
  return true
}

export interface Picture {
  bytes: Buffer
  etag: string
  from: CacheAnswer
  type: string
  cacheControl?: string
}

export function sendPicture(
  req: IncomingMessage,
  res: ServerResponse,
  { bytes, etag, from, type, cacheControl = FOR_EVER }: Picture,
): void {
  res.writeHead(200, {
    ...SAFE_HEADERS,
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': cacheControl,
    etag,
    'server-timing': `cache;desc=${from}`,
  })
  res.end(req.method === 'HEAD' ? undefined : bytes)
}

/** Refuses in a way that ServiceError has no code for. */
export function sendRefusal(
  res: ServerResponse,
  { status, title, code, detail }: { status: number; title: string; code: string; detail: string },
): void {
  res.writeHead(status, { ...SAFE_HEADERS, 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  res.end(JSON.stringify({ type: 'about:blank', title, status, detail, code }))
}
