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
 */
export function openRedis(url: string): Cache {
  const parsed = new URL(url)
  const prefix = parsed.searchParams.get('prefix') ?? 'coverslip:'
  parsed.searchParams.delete('prefix')
  const redis = new Redis(parsed.href, {
    keyPrefix: prefix,
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
    async ready() {
      await redis.ping().catch((error: unknown) => {
        throw new ServiceError('unavailable', 'The cache is not reachable right now', { cause: error })
      })
    },
    close: async () => redis.disconnect(),
  }
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
