import { createHmac, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { keepKey } from '@coverslip/platform/auth/keys.ts'
import { ConfigError } from '@coverslip/platform/config.ts'
import type { IngestDeps } from './module-deps.ts'

/**
 * Hashes that only this site can make: a bare hash of a source would let anybody who has the file find out that it is
 * here.
 */
export interface KeyedHash {
  /** HMAC-SHA256 of the bytes of a local file, in hex. */
  ofFile(path: string, signal?: AbortSignal): Promise<string>
  /** HMAC-SHA256 of a list of texts, in hex. */
  ofTexts(...texts: readonly (string | number)[]): string
}

const SHORTEST = 32

/** The hash under the site's key: given by reference, or made once and kept. @throws ConfigError for a short key */
export async function openKeyedHash(config: Pick<IngestDeps['config'], 'SOURCE_HASH_KEY' | 'SOURCE_HASH_KEY_FOLDER'>) {
  const make = () => randomBytes(SHORTEST).toString('base64url')
  const key = config.SOURCE_HASH_KEY || (await keepKey(config.SOURCE_HASH_KEY_FOLDER, 'source-hash', make))
  if (key.length < SHORTEST) throw new ConfigError([`SOURCE_HASH_KEY: expected ${SHORTEST} characters or more`])
  return keyedHash(key)
}

export function keyedHash(key: string): KeyedHash {
  const hash = () => createHmac('sha256', key)
  return {
    async ofFile(path, signal) {
      const mac = hash()
      const options = { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) }
      for await (const chunk of createReadStream(path, options)) mac.update(chunk)
      return mac.digest('hex')
    },
    ofTexts: (...texts) => hash().update(JSON.stringify(texts)).digest('hex'),
  }
}
