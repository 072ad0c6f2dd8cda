import { ServiceError } from '../errors.ts'
import type { Objects } from './port.ts'

/**
 * A store that may be away when a process starts: it is opened at its first use, and again at the next one after a
 * failure. Every call meanwhile fails with ServiceError `unavailable`.
 * @param location where it will be
 */
export function lateObjects(location: Objects['location'], open: () => Promise<Objects>): Objects {
  let opening: Promise<Objects> | undefined
  const store = (): Promise<Objects> => {
    opening ??= open().catch((cause: unknown) => {
      opening = undefined
      throw new ServiceError('unavailable', 'The store is not reachable right now', { cause })
    })
    return opening
  }
  return {
    location,
    head: async key => (await store()).head(key),
    range: async (key, offset, length, signal) => (await store()).range(key, offset, length, signal),
    stream: async (key, part) => (await store()).stream(key, part),
    localFile: async (key, scratch, signal) => (await store()).localFile(key, scratch, signal),
    async *list(prefix) {
      yield* (await store()).list(prefix)
    },
    put: async (key, body) => (await store()).put(key, body),
    putFile: async (key, path) => (await store()).putFile(key, path),
    deletePrefix: async prefix => (await store()).deletePrefix(prefix),
    discardUnfinished: async key => (await store()).discardUnfinished(key),
    freeBytes: async () => (await store()).freeBytes(),
    ready: async () => (await store()).ready(),
    close: async () => opening?.then(opened => opened.close()),
  }
}
