import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { ServiceError } from '../errors.ts'
import type { Cache } from './port.ts'

/** A cache that takes longer than this is slower than loading anew. */
const COMMAND_MS = 500
/** A connection silent for so long while an answer is due is given up; until it is back every call fails at once. */
const SILENT_MS = 1000
const MAX_RECONNECT_MS = 2000

/**
 * A Redis server, shared by all replicas; it evicts by its own `maxmemory-policy`. While it is away every read is a miss
 * and every write does nothing, at once and not after a timeout. `?prefix=` begins every key (`coverslip:`).
 * `rediss:` with TLS; `?cert=FILE&key=FILE` shows a certificate, read at each connection.
 * @param advise told what is wrong with how the server is set up, whenever a connection is made
 */
export function openRedis(url: string, advise: (advice: string) => void = () => {}): Cache {
  const parsed = new URL(url)
  const prefix = parsed.searchParams.get('prefix') ?? 'coverslip:'
  parsed.searchParams.delete('prefix')
  const certificate = takeCertificate(parsed)
  const redis = new Redis(parsed.href, {
    keyPrefix: prefix,
    ...(certificate && { tls: certificate }),
    commandTimeout: COMMAND_MS,
    socketTimeout: SILENT_MS,
    connectTimeout: 5000,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    retryStrategy: attempts => Math.min(MAX_RECONNECT_MS, 50 * 2 ** attempts),
  })
  // The client reconnects by itself; without a listener it prints every failure.
  redis.on('error', () => {})
  const advice = async (): Promise<string | undefined> => adviceOn(await redis.info('memory'))
  // Each time it is there: another server may have taken its place.
  redis.on('ready', () => {
    advice()
      .then(text => text && advise(text))
      .catch(() => {})
  })
  return {
    isShared: true,
    get: key =>
      redis.getBuffer(key).then(
        value => value ?? undefined,
        () => undefined,
      ),
    async set(key, value, ttlSeconds) {
      const command =
        ttlSeconds === undefined ? redis.set(key, value) : redis.set(key, value, 'PX', Math.ceil(ttlSeconds * 1000))
      await command.catch(() => {})
    },
    async delete(key) {
      await redis.del(key).catch(() => {})
    },
    deletePrefix: begin => deleteMatching(redis, prefix, begin).catch(() => {}),
    claim: (name, ms) =>
      redis.set(`claim:${name}`, '', 'PX', Math.ceil(ms), 'NX').then(
        answer => answer === 'OK',
        () => true,
      ),
    async release(name) {
      await redis.del(`claim:${name}`).catch(() => {})
    },
    advice,
    async ready() {
      await redis.ping().catch((error: unknown) => {
        throw new ServiceError('unavailable', 'The cache is not reachable right now', { cause: error })
      })
    },
    close: async () => redis.disconnect(),
  }
}

/** Takes the names of files out of the address. The client asks for both at each connection. */
function takeCertificate({ searchParams }: URL): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  const [certFile, keyFile] = [searchParams.get('cert'), searchParams.get('key')]
  for (const name of ['cert', 'key']) searchParams.delete(name)
  if (!certFile || !keyFile) return undefined
  return {
    get cert() {
      return readFileSync(certFile)
    },
    get key() {
      return readFileSync(keyFile)
    },
  }
}

/**
 * A cache must have a bound and forget what is asked for least: without the one it fills the machine, with another policy
 * it refuses writes or forgets what everybody looks at. INFO says so even where CONFIG is not allowed.
 */
function adviceOn(info: string): string | undefined {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const missing = [
    ...(Number(field('maxmemory')) > 0 ? [] : ['maxmemory is not set (say, 1gb)']),
    ...(field('maxmemory_policy') === 'allkeys-lfu' ? [] : ['maxmemory-policy is not allkeys-lfu']),
  ]
  return missing.length === 0 ? undefined : `The Redis of CACHE_URL is not set up as a cache: ${missing.join('; ')}`
}

const SCAN_COUNT = 1000

/**
 * SCAN looks at all keys in small steps between which the server works on, where KEYS would hold up everybody. The prefix
 * of the client is added to the keys of commands, but not to patterns.
 */
async function deleteMatching(redis: Redis, clientPrefix: string, prefix: string): Promise<void> {
  const match = `${(clientPrefix + prefix).replaceAll(/[\\*?[\]]/g, '\\$&')}*`
  let cursor = '0'
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', match, 'COUNT', SCAN_COUNT)
    if (keys.length > 0) await redis.unlink(keys.map(key => key.slice(clientPrefix.length)))
    cursor = next
  } while (cursor !== '0')
}
