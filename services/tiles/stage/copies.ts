/** Makes the copies that are wanted, in the background, with other processes; tidies up what dead ones have left. */
import { randomUUID } from 'node:crypto'
import { bell } from '@coverslip/platform/bell.ts'
import type { Db } from '@coverslip/platform/db/port.ts'
import { ServiceError, toServiceError } from '@coverslip/platform/errors.ts'
import type { Log } from '@coverslip/platform/log.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { Tables } from '../store.ts'
import { copyToStage, createPace, type Pace, STAGE_PREFIX, stageKey } from './copy.ts'
import {
  beat,
  type Copy,
  forget,
  forgetOldWishes,
  giveBack,
  knownKeys,
  noteStaged,
  takeCopy,
  unfinishedLeaving,
} from './rows.ts'

export interface CopiesDeps {
  db: Db<Tables>
  log: Log
  pyramid: Pick<ReadableObjects, 'stream'>
  stage: Objects
  quota: number
  /** Bytes a second, of all copies of this process together. */
  rate: number
  /** Whether somebody waits for the store now: copies go slower then. */
  isBusy(): boolean
  /** Copies at once in this process. */
  atOnce: number
  /** A copy came or went. */
  learn(key: string, staged: boolean): void
  /** Counts how copies ended. */
  count(ended: 'staged' | 'left' | 'failed'): void
}

export interface Copies {
  /** There may be something to copy. */
  wake(): void
  stop(): Promise<void>
}

const LOOK_MS = 5000
const BEAT_MS = 1000
const LONGEST_PAUSE_SECONDS = 3600

export function startCopies(deps: CopiesDeps): Copies {
  const stopping = new AbortController()
  const pace = createPace(deps.rate, deps.isBusy)
  const slots = Array.from({ length: deps.atOnce }, () => {
    const bed = bell()
    return { bed, running: work(bed) }
  })
  const tidying = tidy()

  async function work(bed: ReturnType<typeof bell>): Promise<void> {
    while (!stopping.signal.aborted) {
      const more = await copyNext(deps, pace, stopping.signal).catch((error: unknown) => {
        deps.log.warn({ err: error }, 'the stage could not be looked after; it will be tried again')
        return false
      })
      if (!more && !stopping.signal.aborted) await bed.wait(LOOK_MS)
    }
  }

  async function tidy(): Promise<void> {
    await removeStrays(deps).catch((error: unknown) =>
      deps.log.warn({ err: error }, 'the stage could not be tidied up'),
    )
  }

  const wake = (): void => {
    for (const { bed } of slots) bed.ring()
  }
  return {
    wake,
    async stop() {
      stopping.abort()
      wake()
      await Promise.all([tidying, ...slots.map(({ running }) => running)])
    },
  }
}

/** One copy, if one is wanted. @returns whether there may be another one */
async function copyNext(deps: CopiesDeps, pace: Pace, stopping: AbortSignal): Promise<boolean> {
  const { db, quota } = deps
  for (const key of await unfinishedLeaving(db)) await remove(deps, key)
  await forgetOldWishes(db)
  const holder = randomUUID()
  const { taken, leaving, more } = await takeCopy(db, { quota, holder })
  if (!taken) return more
  try {
    await whileHeld(db, { key: taken.key, holder }, stopping, async signal => {
      for (const key of leaving) await remove(deps, key)
      await copyToStage(taken, { from: deps.pyramid, to: deps.stage, pace, signal })
    })
    await finish(deps, taken, holder)
  } catch (error) {
    await failed(deps, { taken, holder }, stopping.aborted ? undefined : toServiceError(error))
  }
  return true
}

async function finish({ db, stage, learn, count }: CopiesDeps, { key }: Copy, holder: string): Promise<void> {
  const outcome = await noteStaged(db, key, holder)
  if (outcome === 'gone') await stage.deletePrefix(stageKey(key))
  if (outcome !== 'staged') return
  learn(key, true)
  count('staged')
}

/** @param error undefined: the process stops */
async function failed(
  { db, log, count }: CopiesDeps,
  { taken: { key, attempts, slideId }, holder }: { taken: Copy; holder: string },
  error: ServiceError | undefined,
): Promise<void> {
  if (!error) return giveBack(db, { key, holder, reason: null, seconds: 0 })
  count('failed')
  log.warn({ err: error, slideId }, 'a pyramid could not be staged')
  // It is no longer in its store: the slide is being deleted, or has a new one.
  if (error.code === 'not-found') return forget(db, key)
  const seconds = Math.min(LONGEST_PAUSE_SECONDS, 5 * 2 ** attempts)
  await giveBack(db, { key, holder, reason: error.publicMessage, seconds })
}

/** Removes a copy and, after it, its row: a row without a copy does no harm, a copy without a row takes room. */
async function remove({ db, stage, learn, count }: CopiesDeps, key: string): Promise<void> {
  learn(key, false)
  // A mount that is away looks empty.
  await stage.ready()
  await stage.deletePrefix(stageKey(key))
  await forget(db, key)
  count('left')
}

/** Copies that no row tells of: their slide was deleted while a process copied that died thereafter. */
async function removeStrays({ db, stage }: CopiesDeps): Promise<void> {
  for await (const { key } of stage.list(STAGE_PREFIX)) {
    const known = await knownKeys(db, [key.slice(STAGE_PREFIX.length)])
    if (known.size === 0) await stage.deletePrefix(key)
  }
}

/** Works with signs of life; the signal ends the work when the process stops or the copy is not ours any more. */
async function whileHeld(
  db: Db<Tables>,
  { key, holder }: { key: string; holder: string },
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController()
  let beating = Promise.resolve()
  const timer = setInterval(() => {
    beating = beat(db, key, holder)
      .then(ours => (ours ? undefined : lost.abort(new ServiceError('unavailable', 'Another process copies this'))))
      // The database is away for a moment: the next beat tells.
      .catch((error: unknown) => {
        if (!toServiceError(error).retryable) lost.abort(error)
      })
  }, BEAT_MS)
  try {
    await work(AbortSignal.any([stopping, lost.signal]))
  } finally {
    clearInterval(timer)
    await beating
  }
}
