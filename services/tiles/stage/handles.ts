/**
 * Staged pyramids that are kept open: opening a file of a NAS for every tile costs more trips than reading it. At most so
 * many, and each is closed well before its copy may leave, so that no space is held by what is gone.
 */
import type { Objects, OpenObject } from '@coverslip/platform/objects/port.ts'
import { LRUCache } from 'lru-cache'

export interface Handles {
  /**
   * Exactly `length` bytes of a copy.
   * @param key of the stage
   * @throws whatever the stage throws for a file that was opened just now
   */
  read(key: string, offset: number, length: number, signal?: AbortSignal): Promise<Buffer>
  /** Copies under this prefix have left: what is open of them is closed when nobody reads it just then. */
  drop(prefix: string): void
  close(): void
}

/** A copy that was viewed within a minute does not leave (rows.ts). */
const IDLE_MS = 20_000

/** @param most files that are open at once; whoever comes then has the one that was read longest ago closed */
export function createHandles(stage: Pick<Objects, 'open' | 'range'>, most: number, idleMs = IDLE_MS): Handles {
  const { open } = stage
  if (!open) return { read: stage.range, drop: () => {}, close: () => {} }
  const files = new LRUCache<string, Promise<OpenObject>>({
    max: most,
    ttl: idleMs,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: opening => void opening.then(file => file.close()).catch(() => {}),
  })

  function begin(key: string): Promise<OpenObject> {
    const opening = open!(key)
    files.set(key, opening)
    return opening
  }

  /** Not one that somebody has opened since. */
  function giveUp(key: string, opening: Promise<OpenObject>): void {
    if (files.peek(key) === opening) files.delete(key)
  }

  return {
    async read(key, offset, length, signal) {
      const known = files.get(key)
      if (known) {
        try {
          return await (await known).read(offset, length, signal)
        } catch {
          signal?.throwIfAborted()
          // Mounted anew, a NAS knows its old handles no more (ESTALE), and is well nevertheless.
          giveUp(key, known)
        }
      }
      const opening = files.get(key) ?? begin(key)
      try {
        return await (await opening).read(offset, length, signal)
      } catch (error) {
        if (!signal?.aborted) giveUp(key, opening)
        throw error
      }
    },
    drop(prefix) {
      for (const key of [...files.keys()]) if (key.startsWith(prefix)) files.delete(key)
    },
    close: () => files.clear(),
  }
}
