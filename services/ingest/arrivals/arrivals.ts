/**
 * What happens after the last byte: the files become objects, the slide is recognised by its content and announced. Work
 * to do is a row (`arrival = 'uploaded'`), so that a process that dies leaves it to the next; a claim on it is a lease.
 */
import { type Bell, bell } from '@coverslip/platform/bell.ts'
import { causeCode, toServiceError } from '@coverslip/platform/errors.ts'
import { sql } from 'kysely'
import { removeSource } from '../housekeeping.ts'
import { createIntakeMeter } from '../meter.ts'
import type { Arriving, IngestDeps } from '../module-deps.ts'
import type { SlideRow } from '../store.ts'
import { admit } from './admission.ts'
import { bringInLateFiles } from './late-files.ts'
import { recognise } from './recognition.ts'

const CLAIM_MS = 6000
/** Looks for work left by others; own work wakes the worker at once. */
const LOOK_MS = 5000
const MAX_ATTEMPTS = 8

/**
 * A worker that could not reach the database for a while has lost its claim without knowing: the one that has taken the
 * slide over finds files moved under its hands. At the next try it finds what the other one has done.
 */
const MAY_BE_ANOTHERS: ReadonlySet<string> = new Set(['internal', 'not-found', 'conflict'])

export interface Worker {
  /** There may be something to do. */
  wake(): void
  stop(): Promise<void>
}

/** Brings in slides, as many at once as the settings say, until it is stopped. */
export function startArrivals(arriving: Arriving): Worker {
  const { deps } = arriving
  const stopping = new AbortController()
  const loop = async (arrived: Bell): Promise<void> => {
    while (!stopping.signal.aborted) {
      const slide = await claim(deps).catch(() => undefined)
      if (slide) await bringIn(arriving, slide, stopping.signal)
      else if (await bringInLateFiles(arriving, stopping.signal).catch(() => false)) continue
      else if (!stopping.signal.aborted) await arrived.wait(LOOK_MS)
    }
  }
  const bells = Array.from({ length: deps.config.INGEST_ARRIVALS }, bell)
  const wake = (): void => {
    for (const { ring } of bells) ring()
  }
  const running = Promise.all(bells.map(loop))
  return {
    wake,
    stop: async () => {
      stopping.abort()
      wake()
      await running
    },
  }
}

const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`

/** Takes the slide that has waited longest. */
function claim({ db }: IngestDeps): Promise<SlideRow | undefined> {
  return db.transaction(async trx => {
    const next = await trx
      .selectFrom('slides')
      .select('slide_id')
      .where('arrival', 'in', ['uploaded', 'recognised'])
      .where(({ eb, or }) => or([eb('claimed_until', 'is', null), eb('claimed_until', '<', sql<Date>`now()`)]))
      .orderBy('changed_at')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (!next) return undefined
    return trx
      .updateTable('slides')
      .set(({ eb }) => ({ claimed_until: inMs(CLAIM_MS), attempts: eb('attempts', '+', 1) }))
      .where('slide_id', '=', next.slide_id)
      .returningAll()
      .executeTakeFirst()
  })
}

async function bringIn(arriving: Arriving, slide: SlideRow, signal: AbortSignal): Promise<void> {
  const { deps } = arriving
  const holdOn = () =>
    deps.db.query
      .updateTable('slides')
      .set({ claimed_until: inMs(CLAIM_MS) })
      .where('slide_id', '=', slide.slide_id)
      .execute()
      .catch(() => {})
  const beat = setInterval(() => void holdOn(), CLAIM_MS / 3)
  const attributes = { 'coverslip.slide.id': slide.slide_id, 'coverslip.stage': 'received' }
  try {
    await deps.telemetry.span('slide arrives', { parent: slide.traceparent, attributes }, () =>
      receive(arriving, slide, signal),
    )
  } catch (error) {
    await saveTrouble(deps, slide, error, signal)
  } finally {
    clearInterval(beat)
  }
}

async function receive(arriving: Arriving, slide: SlideRow, signal: AbortSignal): Promise<void> {
  if (slide.arrival === 'uploaded') await recognise(arriving, slide, signal)
  await admit(arriving, slide.slide_id)
}

/** Tries again later what may pass; anything else is the slide's end, with the reason. */
async function saveTrouble(deps: IngestDeps, slide: SlideRow, error: unknown, signal: AbortSignal): Promise<void> {
  const known = toServiceError(error)
  // What passes by itself (another service restarts, the disk gets room) is waited for, however long it takes.
  const again = signal.aborted || known.retryable || (MAY_BE_ANOTHERS.has(known.code) && slide.attempts < MAX_ATTEMPTS)
  const slides = deps.db.query
    .updateTable('slides')
    .where('slide_id', '=', slide.slide_id)
    .where('arrival', 'in', ['uploaded', 'recognised'])
    // Claimed anew: what becomes of the slide is no longer for this worker to say.
    .where('attempts', '=', slide.attempts)
  if (again) {
    deps.log.warn({ err: error, slideId: slide.slide_id }, 'a slide could not be received yet')
    const waitMs = signal.aborted ? 0 : Math.min(60_000, 500 * 2 ** Math.min(10, slide.attempts))
    await slides
      .set({ claimed_until: inMs(waitMs) })
      .execute()
      .catch(() => {})
    return
  }
  const code = causeCode(known)
  const end = { arrival: 'arrived', state: 'failed', code, reason: known.publicMessage, claimed_until: null } as const
  const { numUpdatedRows } = await slides.set({ ...end, changed_at: new Date() }).executeTakeFirst()
  if (numUpdatedRows > 0n) createIntakeMeter(deps.telemetry).stopped(slide, 'receiving', code)
  if (code === 'duplicate' && numUpdatedRows > 0n) await removeSource(deps, slide.slide_id)
}
