/** The slides of this process: rows remembered for a moment, indexes kept open, each opened once however many ask. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import { LRUCache } from 'lru-cache'
import type { Rendition } from '../renditions/rendition.ts'
import { findSlide, type ServedSlide, type Tables } from '../store.ts'

export interface OpenSlides {
  /** @throws ServiceError `not-found` */
  find(slideId: string): Promise<ServedSlide>
  open(slide: ServedSlide): Promise<Rendition>
  forget(slideId: string): void
  /** Gives back what is open. */
  close(): void
}

export type OpenRendition = (slide: ServedSlide) => Promise<Rendition>

/** Other replicas learn of a deletion or a new revision at the latest after so long. */
const REMEMBER_MS = 3000

export function openSlides(
  { db, openRendition, telemetry }: { db: Db<Tables>; openRendition: OpenRendition; telemetry: Telemetry },
  most: number,
): OpenSlides {
  const opened = telemetry.counter('coverslip_slides_opened_total', 'Renditions whose index was read')

  const rows = new LRUCache<string, Promise<ServedSlide | undefined>>({ max: 10_000, ttl: REMEMBER_MS })
  const renditions = new LRUCache<string, Promise<Rendition>>({
    max: most,
    dispose: rendition => void rendition.then(opened => opened.close()).catch(() => {}),
  })

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
    open: slide =>
      shared(renditions, slide.key, () => {
        opened.add(1)
        return openRendition(slide)
      }),
    forget: slideId => void rows.delete(slideId),
    close: () => renditions.clear(),
  }
}
