import { uuid } from '@coverslip/proto/api.ts'
import type { Slide } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { missing } from '../missing.ts'

const REMEMBERED = 500

export interface SlideLookup {
  /** The slide as it was a moment ago. @throws ServiceError `not-found` */
  find(slideId: string): Promise<Slide>
  /** As it is now, for those who show or change it. @throws ServiceError `not-found` */
  findNow(slideId: string): Promise<Slide>
  /** As find, but not for a slide that was withdrawn: nothing but its entry in the catalog is left. */
  findPresent(slideId: string): Promise<Slide>
}

/**
 * Looks slides up in the catalog and remembers each for a moment: many requests about one slide come together.
 * @param ask the catalog; undefined for a slide that it does not know
 * @param ttlMs how long an answer counts
 */
export function slideLookup(
  ask: (slideId: string) => Promise<Slide | undefined>,
  ttlMs: number,
  now: () => number = () => performance.now(),
): SlideLookup {
  const known = new Map<string, { slide: Promise<Slide | undefined>; until: number }>()

  function remembered(slideId: string): Promise<Slide | undefined> {
    const entry = known.get(slideId)
    if (entry && entry.until > now()) return entry.slide
    const slide = ask(slideId)
    known.delete(slideId)
    known.set(slideId, { slide, until: now() + ttlMs })
    slide.catch(() => known.delete(slideId))
    // A Map keeps the order of insertion: the first is the oldest.
    if (known.size > REMEMBERED) known.delete(known.keys().next().value!)
    return slide
  }

  async function find(slideId: string): Promise<Slide> {
    const slide = uuid.safeParse(slideId).success ? await remembered(slideId) : undefined
    if (!slide) throw missing()
    return slide
  }
  return {
    find,
    findNow(slideId) {
      known.delete(slideId)
      return find(slideId)
    },
    async findPresent(slideId) {
      const slide = await find(slideId)
      if (slide.state === 'withdrawn') throw missing()
      return slide
    },
  }
}
