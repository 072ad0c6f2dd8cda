/** The cache that the replicas share, in front of a load. */
import type { Cache } from '@coverslip/platform/cache/port.ts'

export interface SharedAnswer {
  bytes: Buffer
  from: 'shared' | 'loaded'
}

/** From the shared cache, else loaded and put there; the answer does not wait until it is. */
export async function throughShared(
  shared: Cache,
  key: string,
  ttlSeconds: number,
  load: () => Promise<Buffer>,
): Promise<SharedAnswer> {
  const found = await shared.get(key)
  if (found) return { bytes: found, from: 'shared' }
  const bytes = await load()
  void shared.set(key, bytes, ttlSeconds)
  return { bytes, from: 'loaded' }
}
