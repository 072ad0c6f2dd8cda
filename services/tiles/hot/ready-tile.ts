/** What is made once of a tile in memory, so that sending it again makes nothing. */
import type { CacheAnswer } from '../cache/tile-cache.ts'
import type { KnownSlide } from '../slides/slides.ts'
import type { ServedRendition } from '../store.ts'
import { FOR_EVER, SAFE_HEADERS } from './headers.ts'

export interface ReadyTile {
  readonly bytes: Buffer
  readonly etag: string
  /** Names and values by turns, as node:http takes them without a look at an object's keys. */
  readonly headers: string[]
  readonly known: KnownSlide
  readonly rendition: ServedRendition
}

export const readyTile = (bytes: Buffer, known: KnownSlide, rendition: ServedRendition, etag: string): ReadyTile => ({
  bytes,
  etag,
  headers: tileHeaders(bytes, etag, 'memory'),
  known,
  rendition,
})

const COMMON = [...Object.entries(SAFE_HEADERS).flat(), 'cache-control', FOR_EVER]
const TIMINGS = Object.fromEntries(
  (['memory', 'page', 'shared', 'joined', 'loaded'] as const).map(from => [from, `cache;desc=${from}`]),
) as Record<CacheAnswer, string>

/** The headers of a JPEG tile under its versioned path. */
export function tileHeaders(bytes: Buffer, etag: string, from: CacheAnswer): string[] {
  const own = ['content-type', 'image/jpeg', 'content-length', String(bytes.length), 'etag', etag]
  return [...own, ...COMMON, 'server-timing', TIMINGS[from]]
}

export const notModifiedHeaders = (etag: string): string[] => [...COMMON, 'etag', etag]
