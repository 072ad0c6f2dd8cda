/** The slides of this process: rows remembered for a moment, indexes kept open, each opened once however many ask. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import { LRUCache } from 'lru-cache'
import { openPyramid, type PyramidFile } from './pyramid-file.ts'
import { findSlide, type ServedSlide, type Tables } from './store.ts'

export interface OpenSlides {
  /** @throws ServiceError `not-found` */
  find(slideId: string): Promise<ServedSlide>
  open(slide: ServedSlide): Promise<PyramidFile>
  forget(slideId: string): void
}

/** Other replicas learn of a deletion or a new revision at the latest after so long. */
const REMEMBER_MS = 3000

export function openSlides(
  { db, objects, telemetry }: { db: Db<Tables>; objects: ReadableObjects; telemetry: Telemetry },
  most: number,
): OpenSlides {
  const opened = telemetry.counter('coverslip_slides_opened_total', 'Pyramids whose index was read')

  const rows = new LRUCache<string, Promise<ServedSlide | undefined>>({ max: 10_000, ttl: REMEMBER_MS })
  const pyramids = new LRUCache<string, Promise<PyramidFile>>({ max: most })

  /** Keeps the promise, so that all who ask share it; a failed one is forgotten. */
  function shared<Value>(
    cache: LRUCache<string, Promise<Value>>,
    key: string,
    make: () => Promise<Value>,
  ): Promise<Value> {
    const known = cache.get(key)
    if (known) return known
    const made = make()
    cache.set(key, made)
    made.catch(() => cache.delete(key))
    return made
  }

  return {
    async find(slideId) {
      const slide = await shared(rows, slideId, () => findSlide(db, slideId))
      if (!slide) throw unknownThing()
      return slide
    },
    open: ({ key, bytes }) =>
      shared(pyramids, key, () => {
        opened.add(1)
        return openPyramid(objects, key, bytes)
      }),
    forget: slideId => void rows.delete(slideId),
  }
}
