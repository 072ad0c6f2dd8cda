import { LRUCache } from 'lru-cache'
import type { Cache } from './port.ts'

const DEFAULT_BYTES = 256 * 2 ** 20
/** What an entry costs beside its bytes, about: the map's slot, the key, the Buffer object. */
const ENTRY_BYTES = 200
const MOST_CLAIMS = 10_000

/** A cache inside this process; the least recently used entries go first once it holds `bytes`. */
export function openMemory(bytes = DEFAULT_BYTES): Cache {
  const entries = new LRUCache<string, Buffer>({
    maxSize: bytes,
    sizeCalculation: (value, key) => value.length + key.length + ENTRY_BYTES,
  })
  const claims = new LRUCache<string, true>({ max: MOST_CLAIMS })
  return {
    isShared: false,
    get: async key => entries.get(key),
    async set(key, value, ttlSeconds) {
      entries.set(key, value, ttlSeconds === undefined ? {} : { ttl: Math.ceil(ttlSeconds * 1000) })
    },
    async delete(key) {
      entries.delete(key)
    },
    async deletePrefix(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key)
    },
    async claim(name, ms) {
      if (claims.has(name)) return false
      claims.set(name, true, { ttl: Math.ceil(ms) })
      return true
    },
    async release(name) {
      claims.delete(name)
    },
    advice: async () => undefined,
    ready: async () => {},
    close: async () => entries.clear(),
  }
}
