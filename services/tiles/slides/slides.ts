/** The slides of this process: rows remembered for a moment, renditions kept open, each opened once however many ask. */
import type { Db } from '@coverslip/platform/db/port.ts'
import { unknownThing } from '@coverslip/platform/errors.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import { LRUCache } from 'lru-cache'
import type { Rendition } from '../renditions/rendition.ts'
import { INDEX_BYTES_PER_TILE } from '../renditions/tile-index.ts'
import { findSlide, type ServedRendition, type ServedSlide, type Tables } from '../store.ts'

/** What is known of a slide; the same object for as long as it is remembered. */
export interface KnownSlide {
  readonly slideId: string
  /** Undefined when there is no such slide, or not any more. */
  slide: ServedSlide | undefined
  /** `performance.now()` of the last look into the database. */
  readAt: number
  reading: Promise<void> | undefined
  /** The database was away at the last look. */
  failing: boolean
}

export interface OpenSlides {
  /** @throws ServiceError `not-found` */
  find(slideId: string): Promise<ServedSlide>
  /** The one to show first. @throws ServiceError `not-found` */
  current(slideId: string): Promise<ServedRendition>
  /** One by its name. @throws ServiceError `not-found` */
  rendition(slideId: string, name: string): Promise<ServedRendition>
  open(rendition: ServedRendition): Promise<Rendition>
  /** What is remembered of a slide, without waiting; see {@link isFresh}. */
  known(slideId: string): KnownSlide | undefined
  /** Whether that is recent enough to answer by; looks anew in the background when it soon will not be. */
  isFresh(known: KnownSlide): boolean
  /** A rendition that is open already, without waiting. */
  opened(rendition: ServedRendition): Rendition | undefined
  /** What is remembered of the slide counts no more. */
  forget(slideId: string): void
  /** What the indexes of all that is open take. */
  indexBytes(): number
  /** Gives back what is open. */
  close(): void
}

export type OpenRendition = (rendition: ServedRendition) => Promise<Rendition>

/** Another replica learns of a deletion that the bus did not tell at the latest after so long. */
const REMEMBER_MS = 3000
/** From this age on a slide that is being looked at is read anew, so that nobody waits for it. */
const RENEW_MS = 1500
/** While the database is away readers go on for so long; of a deletion the bus tells meanwhile. */
const OUTAGE_MS = 300_000
/** Rows hold what scanners tell of a slide, a few kilobytes each. */
const MAX_ROWS = 2000

/** Of the indexes of all that is open, at least: otherwise one large slide would close all others. */
const LEAST_INDEX_BYTES = 16 * 2 ** 20
/** All levels together have a third more tiles than the largest. */
const PYRAMID = 4 / 3
/** Of an original's tile position and length as they are read. */
const ORIGINAL_BYTES_PER_TILE = 16

function indexBytes({ kind, width, height, tileSize }: ServedRendition): number {
  const perTile = kind === 'pyramid' ? INDEX_BYTES_PER_TILE : ORIGINAL_BYTES_PER_TILE
  return Math.ceil(10_000 + (width / tileSize) * (height / tileSize) * perTile * PYRAMID)
}

interface Opening {
  /** What its index takes in memory, about. */
  bytes: number
  promise: Promise<Rendition>
  rendition: Rendition | undefined
}

export function openSlides(
  { db, openRendition, telemetry }: { db: Db<Tables>; openRendition: OpenRendition; telemetry: Telemetry },
  limits: { most: number; idleMs: number; indexBytes: number },
): OpenSlides {
  const mostIndexBytes = Math.max(LEAST_INDEX_BYTES, limits.indexBytes)
  const opens = telemetry.counter('coverslip_slides_opened_total', 'Renditions whose index was read')
  const rows = new LRUCache<string, KnownSlide>({ max: MAX_ROWS })
  const openings = new LRUCache<string, Opening>({
    max: limits.most,
    maxSize: mostIndexBytes,
    // The largest slides count for a quarter, so that a few of them can be looked at by turns.
    sizeCalculation: ({ bytes }) => Math.min(mostIndexBytes / 4, bytes),
    ttl: limits.idleMs,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: ({ promise }) => void promise.then(rendition => rendition.close()).catch(() => {}),
  })
  telemetry.gauge('coverslip_slides_open', 'Renditions that are open', () => openings.size)

  function read(known: KnownSlide): Promise<void> {
    known.reading ??= findSlide(db, known.slideId)
      .then(slide => {
        known.slide = slide && keepObjects(slide, known.slide)
        known.readAt = performance.now()
        known.failing = false
      })
      .catch(error => {
        known.failing = true
        throw error
      })
      .finally(() => {
        known.reading = undefined
      })
    return known.reading
  }

  /** Looks anew; while the database is away what was known counts a little longer, and nobody waits for it twice. */
  async function renew(known: KnownSlide): Promise<void> {
    const mayBeOld = (): boolean => known.slide !== undefined && performance.now() - known.readAt < OUTAGE_MS
    const wasFailing = known.failing
    const reading = read(known).catch(error => {
      if (!mayBeOld()) throw error
    })
    if (!wasFailing || !mayBeOld()) await reading
  }

  async function find(slideId: string): Promise<ServedSlide> {
    let known = rows.get(slideId)
    if (!known) {
      known = { slideId, slide: undefined, readAt: Number.NEGATIVE_INFINITY, reading: undefined, failing: false }
      rows.set(slideId, known)
    }
    if (performance.now() - known.readAt >= REMEMBER_MS) await renew(known)
    if (!known.slide) throw unknownThing()
    return known.slide
  }

  function begin(rendition: ServedRendition): Opening {
    opens.add(1)
    const opening: Opening = {
      promise: openRendition(rendition),
      rendition: undefined,
      bytes: indexBytes(rendition),
    }
    openings.set(rendition.key, opening)
    opening.promise.then(
      opened => {
        opening.rendition = opened
      },
      // One that failed is tried again by the next who asks.
      () => openings.peek(rendition.key) === opening && openings.delete(rendition.key),
    )
    return opening
  }

  return {
    find,
    current: async slideId => (await find(slideId)).renditions[0]!,
    async rendition(slideId, name) {
      const found = (await find(slideId)).renditions.find(rendition => rendition.name === name)
      if (!found) throw unknownThing()
      return found
    },
    open: rendition => (openings.get(rendition.key) ?? begin(rendition)).promise,
    known: slideId => rows.get(slideId),
    isFresh(known) {
      const age = performance.now() - known.readAt
      if (age >= RENEW_MS && !known.reading) void read(known).catch(() => {})
      return age < (known.failing ? OUTAGE_MS : REMEMBER_MS) && known.slide !== undefined
    },
    opened: rendition => openings.get(rendition.key)?.rendition,
    forget(slideId) {
      const known = rows.get(slideId)
      if (known) known.readAt = Number.NEGATIVE_INFINITY
      rows.delete(slideId)
    },
    indexBytes: () => openings.calculatedSize,
    close: () => openings.clear(),
  }
}

/** What has not changed stays the same object, so that what is kept beside it stays good. */
function keepObjects(slide: ServedSlide, before: ServedSlide | undefined): ServedSlide {
  if (!before || before.project !== slide.project) return slide
  const renditions = slide.renditions.map(
    rendition =>
      before.renditions.find(({ name, sha256 }) => name === rendition.name && sha256 === rendition.sha256) ?? rendition,
  )
  return { ...slide, renditions }
}
