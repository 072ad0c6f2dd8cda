import { Readable } from 'node:stream'
import { ServiceError } from '../errors.ts'
import { checkDeletable, checkKey, checkPrefix, checkRange, notFound } from './keys.ts'
import type { Objects } from './port.ts'

/**
 * The store of a site that keeps none of a kind: nothing is ever there, and nothing can be put there. A module asks it as
 * it asks any other store, so that nobody needs to know what a site has.
 */
export async function openNone(): Promise<Objects> {
  const missing = async (key: string): Promise<never> => {
    checkKey(key)
    throw notFound()
  }
  const refused = async (key: string): Promise<never> => {
    checkKey(key)
    throw new ServiceError('unsupported', 'This site keeps nothing of this kind')
  }
  return {
    location: { scheme: 'none' },
    async head(key) {
      checkKey(key)
      return undefined
    },
    async range(key, offset, length, signal) {
      checkRange(offset, length)
      signal?.throwIfAborted()
      return missing(key)
    },
    stream: missing,
    localFile: missing,
    list(prefix) {
      checkPrefix(prefix)
      return Readable.from([])
    },
    async put(key, body) {
      if (body instanceof Readable) body.destroy()
      return refused(key)
    },
    putFile: refused,
    deletePrefix: async prefix => checkDeletable(prefix),
    discardUnfinished: async key => checkKey(key),
    freeBytes: async () => undefined,
    ready: async () => {},
    close: async () => {},
  }
}
