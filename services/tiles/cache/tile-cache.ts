/**
 * Bytes by key: memory first, then the cache shared by the replicas, then the one load that everybody waits for. Keys
 * hold slide and revision, so nothing in here ever becomes wrong.
 */
import type { Cache } from '@coverslip/platform/cache/port.ts'
import { LRUCache } from 'lru-cache'

export type CacheAnswer = 'memory' | 'shared' | 'joined' | 'loaded'

export interface TileCache {
  get(key: string, load: () => Promise<Buffer>): Promise<{ bytes: Buffer; from: CacheAnswer }>
  /** Forgets keys, here and in the shared cache. */
  drop(keys: Iterable<string>): Promise<void>
}

const DROP_AT_ONCE = 200

export function createTileCache(shared: Cache, options: { memoryBytes: number; ttlSeconds: number }): TileCache {
  const memory = new LRUCache<string, Buffer>({
    maxSize: options.memoryBytes,
    sizeCalculation: bytes => bytes.length + 200,
  })
  const loading = new Map<string, Promise<{ bytes: Buffer; from: CacheAnswer }>>()

  async function fetch(key: string, load: () => Promise<Buffer>): Promise<{ bytes: Buffer; from: CacheAnswer }> {
    const found = await shared.get(key)
    const bytes = found ?? (await load())
    memory.set(key, bytes)
    if (!found) void shared.set(key, bytes, options.ttlSeconds)
    return { bytes, from: found ? 'shared' : 'loaded' }
  }

  return {
    async get(key, load) {
      const known = memory.get(key)
      if (known) return { bytes: known, from: 'memory' }
      const underway = loading.get(key)
      if (underway) return { bytes: (await underway).bytes, from: 'joined' }
      const own = fetch(key, load).finally(() => loading.delete(key))
      loading.set(key, own)
      return own
    },
    async drop(keys) {
      let batch: Promise<void>[] = []
      for (const key of keys) {
        memory.delete(key)
        batch.push(shared.delete(key))
        if (batch.length < DROP_AT_ONCE) continue
        await Promise.all(batch)
        batch = []
      }
      await Promise.all(batch)
    },
  }
}
