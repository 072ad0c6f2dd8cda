/**
 * Who works on what. The bus gives each event to one worker, but it may give it again: to another worker after a pause
 * without a sign of life, or twice. A claim makes sure that nobody builds what another one is building.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@coverslip/platform/db/port.ts'
import { ServiceError, toServiceError } from '@coverslip/platform/errors.ts'
import { sql } from 'kysely'
import type { SlideRevision } from './keys.ts'
import type { Tables } from './tables.ts'

/** Without a sign of life for so long, a claim has ended. */
const SILENT_SECONDS = 6
/** The bus gives the event to another worker after that, not before. */
export const TAKE_OVER_MS = 8000
const BEAT_MS = 1000
const ASK_AGAIN_MS = 500

/** One task of a build: a part from 0 on, or the assembly. */
export interface Task extends SlideRevision {
  task: number
}

export interface Claim extends Task {
  holder: string
}

const rowOf = (db: Db<Tables>, { slideId, revision, task }: Task) =>
  db.query
    .updateTable('tasks')
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .where('task', '=', task)
    .where('state', '=', 'wanted')

/**
 * Waits as long as another worker is on the task.
 * @returns undefined when the task is done, or its build is no more
 */
export async function claim(db: Db<Tables>, task: Task, signal: AbortSignal): Promise<Claim | undefined> {
  const holder = randomUUID()
  for (;;) {
    const { numUpdatedRows } = await rowOf(db, task)
      .set({ holder, seen_at: sql<Date>`now()`, attempts: sql<number>`attempts + 1` })
      .where(sql<boolean>`(holder is null or seen_at < now() - make_interval(secs => ${SILENT_SECONDS}))`)
      .executeTakeFirstOrThrow()
    if (Number(numUpdatedRows) > 0) return { ...task, holder }
    if (!(await isWanted(db, task))) return undefined
    await sleep(ASK_AGAIN_MS, undefined, { signal })
  }
}

async function isWanted(db: Db<Tables>, { slideId, revision, task }: Task): Promise<boolean> {
  const row = await db.query
    .selectFrom('tasks')
    .select('state')
    .where('slide_id', '=', slideId)
    .where('revision', '=', revision)
    .where('task', '=', task)
    .executeTakeFirst()
  return row?.state === 'wanted'
}

/** Lets others take the task at once. */
async function release(db: Db<Tables>, held: Claim): Promise<void> {
  await rowOf(db, held).set({ holder: null, seen_at: null }).where('holder', '=', held.holder).execute()
}

/** Says that the work goes on, and how far it is. @returns whether the task is still ours */
async function beat(db: Db<Tables>, held: Claim, fraction: number): Promise<boolean> {
  const { numUpdatedRows } = await rowOf(db, held)
    .set({ seen_at: sql<Date>`now()`, fraction })
    .where('holder', '=', held.holder)
    .executeTakeFirstOrThrow()
  return Number(numUpdatedRows) > 0
}

/** What the work under a claim is given. */
export interface Holding {
  /** Aborted when the process stops or the task is not ours any more (the slide is deleted, for one). */
  signal: AbortSignal
  /** How far the task is, 0 to 1. */
  onProgress(fraction: number): void
}

/**
 * Works under a claim, with signs of life, and gives back what is still wanted at the end.
 * @param tell called with each sign of life, at the beginning, and at the end
 * @throws ServiceError `unavailable` when the claim was lost: whoever took it does the work
 */
export async function whileHeld<Result>(
  db: Db<Tables>,
  held: Claim,
  stopping: AbortSignal,
  tell: () => Promise<void>,
  work: (holding: Holding) => Promise<Result>,
): Promise<Result> {
  const lost = new AbortController()
  let fraction = 0
  let beating = Promise.resolve()
  const timer = setInterval(() => {
    beating = beat(db, held, fraction)
      .then(ours => (ours ? tell() : lost.abort(new ServiceError('unavailable', 'Another worker has taken over'))))
      // The database is away for a moment: the next beat tells.
      .catch((error: unknown) => {
        if (!toServiceError(error).retryable) lost.abort(error)
      })
  }, BEAT_MS)
  try {
    await tell()
    const result = await work({
      signal: AbortSignal.any([stopping, lost.signal]),
      onProgress: value => {
        fraction = value
      },
    })
    await tell()
    return result
  } catch (error) {
    // What was cut off says so in words of its own, which would pass for a failure of the slide.
    throw lost.signal.aborted ? lost.signal.reason : error
  } finally {
    clearInterval(timer)
    await beating
    await release(db, held).catch(() => {})
  }
}
