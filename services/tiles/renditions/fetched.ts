/**
 * Originals whose reader wants a path, brought from an object store: each once in this process however many ask, kept while
 * somebody looks at it, within bounds. A file store's are read where they are.
 */
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '@coverslip/platform/errors.ts'
import { localFolder } from '@coverslip/platform/objects/folder.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { SlideFileError } from '@coverslip/wsi/errors.ts'

export interface LocalOriginal {
  path: string
  release(): Promise<void>
}

/** An original's file and those beside it. */
export type OriginalKeys = readonly [string, ...string[]]

export interface Fetched {
  /**
   * @param patienceMs how long to wait for one that is on its way
   * @throws ServiceError `unavailable` when it is on its way still, or there is no room at the moment
   * @throws SlideFileError `too-large` when there never is
   */
  acquire(keys: OriginalKeys, patienceMs?: number): Promise<LocalOriginal>
  /** Removes what lies under keys with this beginning, each once nobody reads it; stops what is on its way. */
  forget(prefix: string): void
  close(): Promise<void>
}

interface Copy {
  file: Promise<LocalOriginal>
  bytes: number
  users: number
  arrived: boolean
  stop: AbortController
  timer: NodeJS.Timeout | undefined
}

export interface FetchedLimits {
  /** Bytes that all copies may take together. */
  room: number
  /** A viewer is told to come again rather than left waiting. */
  patienceMs?: number
  /** One that is on its way stops when nobody has asked for it for so long. */
  lonelyMs?: number
  idleMs?: number
}

/** @param scratch folder for copies */
export function createFetched(store: ReadableObjects, scratch: string, limits: FetchedLimits): Fetched {
  const { room, patienceMs = 2000, lonelyMs = 30_000, idleMs = 600_000 } = limits
  // In the order in which they were last asked for.
  const copies = new Map<string, Copy>()
  const leaving = new Set<Promise<void>>()

  function drop(key: string, copy: Copy): Promise<void> {
    clearTimeout(copy.timer)
    copy.stop.abort()
    const left = copy.file
      .then(file => file.release())
      .catch(() => {})
      .finally(() => {
        // Until then it takes room.
        if (copies.get(key) === copy) copies.delete(key)
        leaving.delete(left)
      })
    leaving.add(left)
    return left
  }

  const taken = (): number => [...copies.values()].reduce((sum, { bytes }) => sum + bytes, 0)

  async function makeRoom(copy: Copy): Promise<void> {
    for (const [key, other] of [...copies]) {
      if (taken() <= room) return
      if (other !== copy && other.arrived && other.users === 0) await drop(key, other)
    }
    if (taken() > room) throw new ServiceError('unavailable', 'Other slides are being fetched; try again soon')
  }

  async function bring(copy: Copy, keys: OriginalKeys): Promise<LocalOriginal> {
    const { signal } = copy.stop
    const sizes = await Promise.all(keys.map(async key => (await store.head(key))?.size ?? 0))
    copy.bytes = sizes.reduce((sum, size) => sum + size)
    if (copy.bytes > room) throw new SlideFileError('too-large', 'The original is larger than the room for copies.')
    await makeRoom(copy)
    signal.throwIfAborted()
    const file = await localOf(store, keys, scratch, signal)
    copy.arrived = true
    return file
  }

  function begin(keys: OriginalKeys): Copy {
    const [key] = keys
    const stop = new AbortController()
    const copy = { bytes: 0, users: 0, arrived: false, stop, timer: undefined } as Omit<Copy, 'file'> as Copy
    copies.set(key, copy)
    copy.file = bring(copy, keys)
    // Whoever comes next tries again.
    copy.file.catch(() => copies.get(key) === copy && copies.delete(key))
    return copy
  }

  function find(keys: OriginalKeys): Copy {
    const [key] = keys
    const known = copies.get(key)
    if (!known || known.stop.signal.aborted) return begin(keys)
    copies.delete(key)
    copies.set(key, known)
    return known
  }

  function leave(key: string, copy: Copy): void {
    copy.users -= 1
    if (copy.users > 0) return
    if (copy.stop.signal.aborted) return void drop(key, copy)
    const ms = copy.arrived ? idleMs : lonelyMs
    copy.timer = setTimeout(() => void drop(key, copy), ms).unref()
  }

  return {
    async acquire(keys, patience = patienceMs) {
      if (store.location.scheme === 'file') return localOf(store, keys, scratch)
      const copy = find(keys)
      copy.users += 1
      clearTimeout(copy.timer)
      try {
        const { path } = await within(patience, copy.file)
        return { path, release: once(async () => leave(keys[0], copy)) }
      } catch (error) {
        leave(keys[0], copy)
        throw copy.stop.signal.aborted ? new ServiceError('unavailable', 'The slide was taken away just now') : error
      }
    },
    forget(prefix) {
      for (const [key, copy] of [...copies]) {
        if (!key.startsWith(prefix)) continue
        // Whoever reads it goes on reading; the last one removes it.
        if (copy.users > 0) copy.stop.abort()
        else void drop(key, copy)
      }
    },
    async close() {
      for (const [key, copy] of [...copies]) void drop(key, copy)
      await Promise.all(leaving)
    },
  }
}

function localOf(
  store: ReadableObjects,
  keys: OriginalKeys,
  scratch: string,
  signal?: AbortSignal,
): Promise<LocalOriginal> {
  const [key] = keys
  if (keys.length === 1) return store.localFile(key, scratch, signal)
  return localFolder(store, `${dirname(key)}/`, keys, scratch, signal)
}

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  const stop = new AbortController()
  const late = sleep(ms, undefined, { signal: stop.signal }).then(() => {
    throw new ServiceError('unavailable', 'The slide is being fetched; it can be seen in a moment')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    stop.abort()
    late.catch(() => {})
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
