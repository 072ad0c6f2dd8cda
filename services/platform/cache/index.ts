/** The caches by URL scheme; the first is the default. */
import type { Cache } from './port.ts'

const adapters: Record<string, (url: string) => Promise<Cache>> = {
  memory: async url => (await import('./memory.ts')).openMemory(bytesOf(url)),
  redis: async url => (await import('./redis.ts')).openRedis(url),
  rediss: async url => (await import('./redis.ts')).openRedis(url),
}

/**
 * `memory:?bytes=268435456` or `redis://user:password@host:port/0` (`rediss:` with TLS).
 * @throws Error for another scheme. A Redis that is away is no error: see `ready`.
 */
export async function openCache(url: string): Promise<Cache> {
  const open = adapters[url.slice(0, url.indexOf(':'))]
  if (open === undefined) throw new Error(`no cache adapter for this URL; known: ${Object.keys(adapters).join(', ')}`)
  return open(url)
}

function bytesOf(url: string): number | undefined {
  const bytes = new URL(url).searchParams.get('bytes')
  if (bytes === null) return undefined
  if (!/^[1-9]\d*$/.test(bytes)) throw new Error('CACHE_URL: bytes must be a whole number of 1 or more')
  return Number(bytes)
}
