/** The cache that the replicas share, in front of a load. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from '@coverslip/platform/cache/port.ts'

export interface SharedAnswer {
  bytes: Buffer
  from: 'shared' | 'loaded'
}

/** A load that takes longer, or whose process died, is begun by another one. */
const CLAIM_MS = 3000
const FIRST_PAUSE_MS = 4
const LONGEST_PAUSE_MS = 250

/**
 * From the shared cache, else loaded and put there; the answer does not wait until it is. Of all replicas that miss the
 * same key one loads; the others look again until it is there.
 */
export async function throughShared(
  shared: Cache,
  key: string,
  ttlSeconds: number,
  load: () => Promise<Buffer>,
): Promise<SharedAnswer> {
  const found = (await shared.get(key)) ?? (await awaitOther(shared, key))
  if (found) return { bytes: found, from: 'shared' }
  try {
    const bytes = await load()
    void shared.set(key, bytes, ttlSeconds).then(() => shared.release(key))
    return { bytes, from: 'loaded' }
  } catch (error) {
    void shared.release(key)
    throw error
  }
}

/** What another replica is loading; undefined when it is ours to load. */
async function awaitOther(shared: Cache, key: string): Promise<Buffer | undefined> {
  if (await shared.claim(key, CLAIM_MS)) return undefined
  const begun = performance.now()
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
    await sleep(pause)
    const ours = performance.now() - begun > CLAIM_MS || (await shared.claim(key, CLAIM_MS))
    // Also when it is ours: it may have come just before.
    const found = await shared.get(key)
    if (!found) {
      if (ours) return undefined
      continue
    }
    if (ours) void shared.release(key)
    return found
  }
}
