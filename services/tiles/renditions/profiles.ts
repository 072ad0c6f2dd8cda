/** Colour profiles of the slides that are open: those of one scanner have the same, of up to a few megabytes. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** Scanners of a large institute. */
const MOST = 32

const known = new LRUCache<string, Buffer>({ max: MOST })

/** The same bytes, once for all slides that have them, and not in the pages that the index was read from: a MiB each. */
export function sharedProfile(bytes: Buffer | null): Buffer | null {
  if (!bytes) return null
  const name = createHash('sha256').update(bytes).digest('base64url')
  const found = known.get(name) ?? Buffer.from(bytes)
  known.set(name, found)
  return found
}
