/**
 * What the catalog knows of a slide, and how each event changes it. Events of different subjects come by different
 * consumers, so any order and any repetition must lead to the same slide: a higher revision wins, and within one revision
 * the higher state. `withdrawn` is final.
 */
import type { SlideDeidentified, SlideFailed, SlideTiled } from '@coverslip/proto/gen/events/v1/events.ts'
import { type Geometry, type Pseudonyms, Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'

export type SlideState = 'tiling' | 'ready' | 'failed' | 'withdrawn'

/** Sizes are bytes, 0 where there is no such file. */
export interface Slide {
  id: string
  /** Null until an event has told it; the slide is shown to nobody before. */
  project: string | null
  name: string
  state: SlideState
  /** 0 to 1, of the state. */
  progress: number
  /** When its tiling will probably end; of no meaning in other states. */
  endsAt: Date | null
  reason: string | null
  /** Of the state; counts from 1, 0 before any event. */
  revision: number
  /** The revision that format, pseudonyms, sizes and report are of. */
  describedRevision: number
  format: string
  geometry: Geometry | null
  pseudonyms: Pseudonyms
  sourceBytes: number
  originalBytes: number
  pyramidBytes: number
  reportJson: string | null
  createdAt: Date
  changedAt: Date
}

/** What an event changes; undefined: nothing. */
export type Change = Partial<Slide> | undefined

const UNKNOWN: Pseudonyms = { subject: '', case: '', specimen: '', block: '', glass: '' }
/** A tiling that failed and then worked is ready; a second attempt that failed after one that worked changes nothing. */
const RANK = { tiling: 0, failed: 1, ready: 2, withdrawn: 3 } as const

/** A slide of which no event has been applied yet. */
export function unseenSlide(id: string, name: string, now: Date): Slide {
  return {
    id,
    project: null,
    name,
    state: 'tiling',
    progress: 0,
    endsAt: null,
    reason: null,
    revision: 0,
    describedRevision: 0,
    format: '',
    geometry: null,
    pseudonyms: UNKNOWN,
    sourceBytes: 0,
    originalBytes: 0,
    pyramidBytes: 0,
    reportJson: null,
    createdAt: now,
    changedAt: now,
  }
}

const supersedes = (slide: Slide, revision: number, state: SlideState): boolean =>
  revision > slide.revision || (revision === slide.revision && RANK[state] > RANK[slide.state])

/** A rendition without patient data exists: describes the slide, and begins its tiling unless that is known to be over. */
export function deidentified(slide: Slide, event: SlideDeidentified): Change {
  if (slide.state === 'withdrawn') return undefined
  const describes = event.revision > slide.describedRevision
  const begins = event.revision > slide.revision
  if (!describes && !begins) return undefined
  return { ...(describes && description(slide, event)), ...(begins && beginning(event)) }
}

const description = (slide: Slide, event: SlideDeidentified): Partial<Slide> => ({
  project: event.project,
  name: event.release?.name || slide.name,
  describedRevision: event.revision,
  format: event.format,
  pseudonyms: event.pseudonyms ?? UNKNOWN,
  sourceBytes: Number(event.sourceBytes),
  originalBytes: event.rendition === Rendition.ORIGINAL ? Number(event.file?.bytes ?? 0n) : 0,
  reportJson: event.reportJson,
  // The pyramid of this revision may have told its geometry already, and it is what is served.
  geometry: slide.revision >= event.revision && slide.geometry ? slide.geometry : (event.geometry ?? null),
})

const beginning = (event: SlideDeidentified): Partial<Slide> => ({
  revision: event.revision,
  state: 'tiling',
  progress: 0,
  endsAt: null,
  reason: null,
  pyramidBytes: event.rendition === Rendition.PYRAMID ? Number(event.file?.bytes ?? 0n) : 0,
})

/** The pyramid can be served. */
export function tiled(slide: Slide, event: SlideTiled): Change {
  if (slide.state === 'withdrawn' || !supersedes(slide, event.revision, 'ready')) return undefined
  return {
    project: slide.project ?? event.project,
    revision: event.revision,
    state: 'ready',
    progress: 1,
    reason: null,
    geometry: event.geometry ?? slide.geometry,
    pyramidBytes: Number(event.pyramid?.bytes ?? 0n),
  }
}

/** The slide could not be tiled. */
export function tilingFailed(slide: Slide, event: SlideFailed): Change {
  if (slide.state === 'withdrawn' || !supersedes(slide, event.revision, 'failed')) return undefined
  return { revision: event.revision, state: 'failed', reason: event.reason }
}

/**
 * Its id and dates stay, so that whoever asks learns that it was withdrawn. What describes the patient's case goes, and
 * with it the release name, which holds the subject's pseudonym.
 * @param number shown in its place
 */
export function withdrawn(slide: Slide, number: string): Change {
  if (slide.state === 'withdrawn') return undefined
  return {
    state: 'withdrawn',
    name: number,
    progress: 0,
    reason: null,
    pseudonyms: UNKNOWN,
    reportJson: null,
    sourceBytes: 0,
    originalBytes: 0,
    pyramidBytes: 0,
  }
}
