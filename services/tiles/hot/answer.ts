/** What answers with tiles and pictures have in common: headers, ETags, 304. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CacheAnswer } from '../cache/tile-cache.ts'
import type { ServedSlide } from '../store.ts'

export const HEADERS = {
  'cache-control': 'private, max-age=600',
  'cross-origin-resource-policy': 'same-site',
  'x-content-type-options': 'nosniff',
}

/** Strong: a revision's bytes never change. */
export function etagOf({ revision, sha256 }: ServedSlide, what: string): string {
  return `"${revision}-${sha256.slice(0, 12)}-${what}"`
}

/** Answers 304 when the caller has these bytes already. */
export function notModified(req: IncomingMessage, res: ServerResponse, etag: string): boolean {
  const known = req.headers['if-none-match']
  if (!known || !(known === '*' || known.split(/\s*,\s*/).includes(etag))) return false
  res.writeHead(304, { ...HEADERS, etag }).end()
  return true
}

export function sendJpeg(
  req: IncomingMessage,
  res: ServerResponse,
  bytes: Buffer,
  etag: string,
  from: CacheAnswer,
): void {
  res.writeHead(200, {
    ...HEADERS,
    'content-type': 'image/jpeg',
    'content-length': bytes.length,
    etag,
    'server-timing': `cache;desc=${from}`,
  })
  res.end(req.method === 'HEAD' ? undefined : bytes)
}
