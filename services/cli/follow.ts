/** Follows a slide that was sent until its way is at its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type IntakeSlide, slide } from '@coverslip/proto/api.ts'
import type { Board } from './board.ts'
import type { Connection } from './connection.ts'
import { CliError } from './errors.ts'
import { read, slidePath, UnreachableError } from './http.ts'

/** What `--wait` tells of a slide. */
export interface Outcome {
  /** `duplicate`: the project has the slide already, and this copy of it is not kept. */
  state: 'ready' | 'duplicate' | 'failed'
  reason?: string
}

export interface FollowOptions {
  signal?: AbortSignal | undefined
  onStep?(step: string, fraction: number | undefined): void
  pollMs?: number
  /** How long the server may be away (a restart) before following ends; default 2 minutes. */
  patienceMs?: number
}

/** A step of the way in words. */
const STEPS: Partial<Record<IntakeSlide['state'], string>> = {
  received: 'checking',
  deidentifying: 'de-identifying',
  review: 'waiting for a reviewer',
  tiling: 'tiling',
}
const POLL_MS = 500
const PATIENCE_MS = 120_000
/** The public side hears of a finished slide by an event of its own, normally within milliseconds. */
const PUBLISHED_WITHIN_MS = 30_000

/**
 * Waits until the slide is ready or has stopped.
 * @throws CliError when the server stays away, or refuses to tell
 */
export async function followSlide(board: Board, id: string, options: FollowOptions = {}): Promise<Outcome> {
  const patienceMs = options.patienceMs ?? PATIENCE_MS
  let lastHeard = Date.now()
  for (;;) {
    try {
      const record = await board.look(id)
      lastHeard = Date.now()
      const outcome = outcomeOf(record)
      if (outcome?.state === 'ready') await published(board.connection, id, options)
      if (outcome) return outcome
      options.onStep?.(STEPS[record.state] ?? record.state, record.state === 'received' ? undefined : record.progress)
    } catch (error) {
      if (!isPassing(error) || Date.now() - lastHeard > patienceMs) throw error
    }
  }
}

/** The end that a record tells of; undefined while the slide is on its way. */
export function outcomeOf(record: Pick<IntakeSlide, 'state' | 'code' | 'reason'>): Outcome | undefined {
  if (record.state === 'ready') return { state: 'ready' }
  if (record.code === 'duplicate') return { state: 'duplicate', reason: record.reason ?? 'it is already there' }
  if (record.state === 'failed') return { state: 'failed', reason: record.reason ?? 'no reason was given' }
  if (record.state === 'held') return { state: 'failed', reason: heldText(record.reason) }
  if (record.state === 'rejected') return { state: 'failed', reason: record.reason ?? 'a reviewer turned it down' }
  if (record.state !== 'quarantined') return undefined
  return { state: 'failed', reason: record.reason ?? 'quarantined: the proof of de-identification failed' }
}

/** A held slide is no broken one: it goes on by itself. */
const heldText = (reason: string | null): string =>
  `held until the rules of the project are met${reason ? `: ${reason}` : ''}`

/** Waits until the public list shows the slide as ready too, so that the next command finds it. */
async function published(connection: Connection, id: string, options: FollowOptions): Promise<void> {
  const until = Date.now() + PUBLISHED_WITHIN_MS
  while (Date.now() < until) {
    try {
      const seen = await read(connection, slidePath(id), slide, { signal: options.signal ?? null })
      if (seen.state !== 'tiling') return
    } catch (error) {
      // The other site may be out of reach from here, or closed to this user: the intake's word stands.
      if (error instanceof UnreachableError && connection.url !== connection.intakeUrl) return
      if (!isPassing(error) && !(error instanceof CliError && error.code === 'not-found')) return
    }
    await sleep(options.pollMs ?? POLL_MS, undefined, { signal: options.signal })
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof UnreachableError) return true
  return error instanceof CliError && (error.code === 'unavailable' || /^http-5/.test(error.code))
}
