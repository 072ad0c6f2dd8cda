/** The headers of pictures: made once for bytes in memory, since a tile is sent a hundred times oftener than it is loaded. */
import type { IncomingMessage } from 'node:http'
import type { ServedRendition } from '../store.ts'

/** A rendition's address never means other bytes. */
export const FOR_EVER = 'private, max-age=31536000, immutable'
/** For addresses that lead to what is newest. */
export const FOR_A_MINUTE = 'private, max-age=60'

export const SAFE_HEADERS = {
  'cross-origin-resource-policy': 'same-site',
  'x-content-type-options': 'nosniff',
}

/** Strong: a rendition's bytes never change. `what` tells apart what is made of it. */
export function etagOf({ name, sha256 }: Pick<ServedRendition, 'name' | 'sha256'>, what: string): string {
  return `"${name}-${sha256.slice(0, 12)}-${what}"`
}

/** Whether an If-None-Match header names the ETag (RFC 9110, 13.1.2: weakly compared). */
export function namesEtag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true
  return ifNoneMatch.length > etag.length && ifNoneMatch.split(/\s*,\s*/).some(one => one.replace(/^W\//, '') === etag)
}

/** The address that the caller used, as far as proxies tell. */
export function originOf({ headers }: IncomingMessage): string {
  return `${headers['x-forwarded-proto'] === 'https' ? 'https' : 'http'}://${headers.host ?? ''}`
}
