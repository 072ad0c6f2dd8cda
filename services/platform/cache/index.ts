/** The caches by URL scheme; the first is the default. */
import type { Cache } from './port.ts'

type Advise = (advice: string) => void

const adapters: Record<string, (url: string, advise?: Advise) => Promise<Cache>> = {
  memory: async url => (await import('./memory.ts')).openMemory(bytesOf(url)),
  redis: async (url, advise) => (await import('./redis.ts')).openRedis(url, advise),
  rediss: async (url, advise) => (await import('./redis.ts')).openRedis(url, advise),
}

/**
 * `memory:?bytes=268435456` or `redis://user:password@host:port/0` (`rediss:` with TLS).
 * @param advise told what the operator should change, as soon as that is known
 * @throws Error for another scheme. A Redis that is away is no error: see `ready`.
 */
export async function openCache(url: string, advise?: Advise): Promise<Cache> {
  const open = adapters[url.slice(0, url.indexOf(':'))]
  if (open === undefined) throw new Error(`no cache adapter for this URL; known: ${Object.keys(adapters).join(', ')}`)
  return open(url, advise)
}

function bytesOf(url: string): number | undefined {
  const bytes = new URL(url).searchParams.get('bytes')
  if (bytes === null) return undefined
  if (!/^[1-9]\d*$/.test(bytes)) throw new Error('CACHE_URL: bytes must be a whole number of 1 or more')
  return Number(bytes)
}
