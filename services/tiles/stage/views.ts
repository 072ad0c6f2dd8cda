/** Which pyramids are read in this process, told to the other processes now and then, and which of them are staged. */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { Log } from '@coverslip/platform/log.ts'
import { LRUCache } from 'lru-cache'
import type { Tables } from '../store.ts'
import { noteViews } from './rows.ts'

export interface Views {
  /**
   * Notes that a pyramid is read. @returns whether it is staged; a promise at the first time only. What another process
   * has changed since is known a few seconds later.
   */
  viewed(key: string): boolean | Promise<boolean>
  learn(key: string, staged: boolean): void
  /** Tells what is not told yet. */
  stop(): Promise<void>
}

const TELL_MS = 3000
const MOST = 10_000

/** @param onWanted called when a pyramid was read that is not staged */
export function trackViews(
  { db, log, quota, calmMs }: { db: Db<Tables>; log: Log; quota: number; calmMs: number },
  onWanted: () => void,
): Views {
  const staged = new LRUCache<string, boolean>({ max: MOST })
  const read = new Set<string>()
  let telling: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  async function tell(): Promise<void> {
    const keys = [...read]
    read.clear()
    if (keys.length === 0) return
    const there = await noteViews(db, keys, { most: quota, calmSeconds: calmMs / 1000 }).catch((error: unknown) => {
      // Where nothing is known pyramids are read from their store, and the next read tells again.
      log.warn({ err: error }, 'views could not be noted')
      return new Set<string>()
    })
    for (const key of keys) staged.set(key, there.has(key))
    if (keys.some(key => !there.has(key))) onWanted()
  }

  /** All that are new at the same time are told together. */
  function tellAtOnce(): Promise<void> {
    telling ??= Promise.resolve()
      .then(tell)
      .finally(() => {
        telling = undefined
      })
    return telling
  }

  function tellSoon(): void {
    timer ??= setTimeout(() => {
      timer = undefined
      void tellAtOnce()
    }, TELL_MS).unref()
  }

  return {
    viewed(key) {
      read.add(key)
      const known = staged.get(key)
      if (known === undefined) return askFirst(key)
      tellSoon()
      return known
    },
    learn: (key, is) => void staged.set(key, is),
    async stop() {
      clearTimeout(timer)
      await telling
      await tell()
    },
  }

  async function askFirst(key: string): Promise<boolean> {
    // Those under way may have begun before this one was noted.
    while (!staged.has(key)) {
      read.add(key)
      await tellAtOnce()
    }
    return staged.get(key) ?? false
  }
}
