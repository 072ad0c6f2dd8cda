/**
 * The stage: a store near the readers (a NAS) that holds copies of the pyramids they look at. The first view never waits
 * for a copy: tiles come from the pyramid's own store until it is there and checked. With the store `none:` nothing of
 * this happens.
 */
import type { Db } from '@coverslip/platform/db/port.ts'
import { countObjects, type Found } from '@coverslip/platform/erasure.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Log } from '@coverslip/platform/log.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import type { Tables } from '../store.ts'
import { type Copies, startCopies } from './copies.ts'
import { stageKey } from './copy.ts'
import { createGuard } from './guard.ts'
import { createHandles } from './handles.ts'
import { beforeStore, type StageReads } from './reads.ts'
import { stageRoutes } from './routes.ts'
import { countRows, followRevision, forgetSlide, noteLost } from './rows.ts'
import { trackViews } from './views.ts'

export interface StageDeps {
  db: Db<Tables>
  log: Log
  telemetry: Telemetry
  stage: Objects
  /** Where copies are made from. */
  pyramid: Pick<ReadableObjects, 'stream'>
  quota: number
  rate: number
  /** At once in this process. */
  copies: number
  /** Copies that this process keeps open. */
  openFiles: number
  /** Told of bytes that the stage spared the store. */
  spared(bytes: number): void
  /** From the first view to the beginning of the copy; default 2 s, so that the view is complete by then. */
  calmMs?: number
}

export interface Stage {
  /** A store of pyramids that is read from the stage where it can be; each read counts as a view. */
  before(objects: ReadableObjects): ReadableObjects
  /** A slide has a pyramid, perhaps a new one. */
  tiled(slideId: string): Promise<void>
  /**
   * Removes every copy of a slide.
   * @param note told before what there is
   * @throws ServiceError `unavailable` while the stage is away
   */
  erase(slideId: string, note: (found: Found) => Promise<void>): Promise<void>
  routes: Record<string, HttpHandler>
  stop(): Promise<void>
}

/** A NAS that takes longer is slower than the object store; it is tried again after a while. */
const GUARD = { timeoutMs: 1500, restMs: 10_000, atOnce: 8 }

export function startStage(deps: StageDeps): Stage {
  const { db, log, telemetry, stage, pyramid, quota, rate, copies: atOnce, spared, calmMs = 2000 } = deps
  const on = stage.location.scheme !== 'none'
  if (!on) return noStage(db)
  const counts = countersOf(telemetry)
  const far = { underway: 0 }
  const handles = createHandles(stage, deps.openFiles)
  const views = trackViews({ db, log, quota, calmMs }, () => copies.wake())
  const learn = (key: string, staged: boolean): void => {
    views.learn(key, staged)
    if (!staged) handles.drop(stageKey(key))
  }
  const copies: Copies = startCopies({
    ...{ db, log, pyramid, stage, quota, rate, atOnce },
    isBusy: () => far.underway > 0,
    learn,
    count: counts.copy,
  })
  const lost = (key: string): void => {
    learn(key, false)
    noteLost(db, key).catch((error: unknown) => log.warn({ err: error }, 'a lost copy could not be noted'))
  }
  const guard = createGuard(GUARD)
  const reads: StageReads = { stage, handles, views, guard, lost, count: counts.read, spared, far }
  return {
    before: objects => beforeStore(objects, reads),
    async tiled(slideId) {
      await followRevision(db, slideId)
      copies.wake()
    },
    async erase(slideId, note) {
      await erase({ db, stage }, slideId, note)
      handles.drop(stageKey(`${slideId}/`))
    },
    routes: stageRoutes({ db, on, quota, wake: copies.wake }),
    async stop() {
      await copies.stop()
      await views.stop()
      handles.close()
    },
  }
}

function noStage(db: Db<Tables>): Stage {
  return {
    before: objects => objects,
    tiled: async () => {},
    async erase(slideId, note) {
      await note({ objects: 0, rows: await countRows(db, slideId), bytes: 0 })
      await forgetSlide(db, slideId)
    },
    routes: stageRoutes({ db, on: false, quota: 0, wake: () => {} }),
    stop: async () => {},
  }
}

/** Rows first: a copy that ends meanwhile finds that its row is gone, and goes. */
async function erase(
  { db, stage }: Pick<StageDeps, 'db' | 'stage'>,
  slideId: string,
  note: (found: Found) => Promise<void>,
): Promise<void> {
  const prefix = stageKey(`${slideId}/`)
  // Whatever a file system says: nothing is erased before it is.
  const away = (cause: unknown) => new ServiceError('unavailable', 'The stage is not reachable right now', { cause })
  // A mount that is away looks empty.
  await stage.ready().catch(cause => Promise.reject(away(cause)))
  const rows = await countRows(db, slideId)
  const found = await countObjects([stage, prefix]).catch(cause => Promise.reject(away(cause)))
  await note({ ...found, rows })
  await forgetSlide(db, slideId)
  await stage.deletePrefix(prefix).catch(cause => Promise.reject(away(cause)))
}

function countersOf(telemetry: Telemetry) {
  const reads = telemetry.counter('coverslip_stage_reads_total', 'Reads of pyramids, by the store that had them')
  const copies = telemetry.counter('coverslip_stage_copies_total', 'Copies on the stage that came, left or failed')
  return {
    read: (by: 'stage' | 'store' | 'instead') => reads.add(1, { 'coverslip.cache': by }),
    copy: (ended: 'staged' | 'left' | 'failed') => copies.add(1, { 'coverslip.step': ended }),
  }
}
