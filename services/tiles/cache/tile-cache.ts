/**
 * Bytes by key: memory first, then the cache shared by the replicas, then the one load that everybody waits for, given
 * up when the last who waits has left. Keys hold the rendition, so nothing in here ever becomes wrong.
 */
import type { Cache } from '@coverslip/platform/cache/port.ts'
import type { ServedSlide } from '../store.ts'
import { type CacheKey, contentOf, sharedKey, slidePrefix } from './keys.ts'
import { createMemory } from './memory.ts'
import { inOwnMemory } from './own-memory.ts'
import { throughShared } from './shared.ts'

/** Where bytes were: `page`, in the page cache of this machine; `joined`, on their way for somebody else. */
export type CacheAnswer = 'memory' | 'page' | 'shared' | 'joined' | 'loaded'

/** Bytes in memory, with what the hot path made for sending them. */
export interface Kept<Ready> {
  readonly bytes: Buffer
  ready: Ready | undefined
}

export interface Found {
  bytes: Buffer
  from: CacheAnswer
}

export interface TileCache<Ready = unknown> {
  /** @param load aborted when every `signal` of those who wait is; its error is everybody's, and the next who asks tries again */
  get(key: CacheKey, load: (signal: AbortSignal) => Promise<Buffer>, signal?: AbortSignal): Promise<Found>
  /** What is in memory, without waiting. */
  peek(key: string): Kept<Ready> | undefined
  /** Whether a load is under way, which whoever asks now joins. */
  isLoading(key: string): boolean
  /** Keeps bytes that were to be had without waiting. */
  keep(key: string, bytes: Buffer): Kept<Ready>
  /** Forgets all of a slide, here and in the shared cache. */
  drop(slide: ServedSlide): Promise<void>
  /** For gauges. */
  readonly memory: { readonly bytes: number; readonly count: number }
}

/** What an entry costs beside its bytes, about: key, headers, map slot, the objects. */
const ENTRY_BYTES = 900

interface Loading {
  result: Promise<Found>
  waiting: number
  controller: AbortController
}

/** @param options.memoryBytes asked whenever a tile comes: it may become less */
export function createTileCache<Ready = unknown>(
  shared: Cache,
  options: { memoryBytes: () => number; ttlSeconds: number },
): TileCache<Ready> {
  const memory = createMemory<Kept<Ready>>(options.memoryBytes)
  const loading = new Map<string, Loading>()

  function keep(key: string, bytes: Buffer): Kept<Ready> {
    const kept: Kept<Ready> = { bytes: inOwnMemory(bytes), ready: undefined }
    memory.set(key, kept, bytes.length + ENTRY_BYTES)
    return kept
  }

  async function fetch(key: CacheKey, load: () => Promise<Buffer>): Promise<Found> {
    const found: Found =
      key.shared && shared.isShared
        ? await throughShared(shared, sharedKey(key), options.ttlSeconds, load)
        : { bytes: await load(), from: 'loaded' }
    keep(key.key, found.bytes)
    return found
  }

  function begin(key: CacheKey, load: (signal: AbortSignal) => Promise<Buffer>): Loading {
    const controller = new AbortController()
    const result = fetch(key, () => load(controller.signal))
    const own: Loading = { result, waiting: 0, controller }
    loading.set(key.key, own)
    const end = () => loading.get(key.key) === own && loading.delete(key.key)
    result.then(end, end)
    return own
  }

  /** Leaves the load with the signal; whoever leaves last ends it. */
  function wait(key: string, load: Loading, signal: AbortSignal | undefined): Promise<Found> {
    load.waiting += 1
    if (!signal) return load.result
    return new Promise((resolve, reject) => {
      const leave = () => {
        load.waiting -= 1
        if (load.waiting === 0) {
          if (loading.get(key) === load) loading.delete(key)
          load.controller.abort(signal.reason)
        }
        reject(signal.reason)
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      load.result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  return {
    async get(key, load, signal) {
      const known = memory.get(key.key)
      if (known) return { bytes: known.value.bytes, from: 'memory' }
      const underway = loading.get(key.key)
      const found = await wait(key.key, underway ?? begin(key, load), signal)
      return underway ? { bytes: found.bytes, from: 'joined' } : found
    },
    peek: key => memory.get(key)?.value,
    isLoading: key => loading.has(key),
    keep,
    async drop({ slideId, renditions }) {
      const prefix = slidePrefix(slideId)
      memory.deletePrefix(prefix)
      for (const content of new Set(renditions.map(contentOf))) await shared.deletePrefix(`${content}${prefix}`)
    },
    memory,
  }
}
