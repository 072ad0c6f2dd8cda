/** Looks at the watched folders, again and again: network shares report no changes. */
import { bell } from '@coverslip/platform/bell.ts'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Arriving } from '../module-deps.ts'
import { readable } from './copying.ts'
import { type Found, findWatched } from './finding.ts'
import { folderHash, forgetVanished, known, note } from './memory.ts'
import type { WatchedFolder } from './setting.ts'
import { type Look, takePlace } from './taking.ts'

/** Places that are noted together. */
const BATCH = 200
/** A look may take this part of the time. */
const DUTY = 1 / 5

/**
 * Watches the folders of the settings until stopped, each on its own.
 * @param arrived called when a slide has all its files
 */
export function startWatching(arriving: Arriving, arrived: () => void): { stop(): Promise<void> } {
  const { WATCH_FOLDERS: folders, WATCH_EVERY: every } = arriving.deps.config
  const stopping = new AbortController()
  const { signal } = stopping
  const loop = async (folder: WatchedFolder): Promise<void> => {
    const stopped = bell()
    signal.addEventListener('abort', stopped.ring)
    while (!signal.aborted) {
      const began = Date.now()
      await lookAt(arriving, folder, arrived, signal).catch(error => {
        if (!signal.aborted) arriving.deps.log.warn({ err: error }, 'a watched folder could not be looked at')
      })
      const took = Date.now() - began
      if (!signal.aborted) await stopped.wait(Math.max(every, took * (1 / DUTY - 1)))
    }
  }
  const running = Promise.all(folders.map(loop))
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** One look: what is new is noted, what has stood still is taken. The folder's row says how it went. */
export async function lookAt(
  arriving: Arriving,
  folder: WatchedFolder,
  arrived: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { deps, hash } = arriving
  const began = Date.now()
  const seen: Seen = { files: 0, takingMs: 0, problem: null }
  try {
    for await (const batch of batches(findWatched(folder.path))) {
      if (signal.aborted) return
      await lookAtBatch({ ...arriving, folder, arrived, signal }, batch, seen)
    }
    if (seen.problem === null) await forgetVanished(deps, folderHash(hash, folder))
  } catch (error) {
    if (signal.aborted) return
    seen.problem = readable(error)
  }
  const row = {
    project: folder.project,
    looked_at: new Date(),
    look_ms: Math.min(2 ** 31 - 1, Date.now() - began - seen.takingMs),
    files: seen.files,
    problem: seen.problem,
  }
  await deps.db.query
    .insertInto('watched_folders')
    .values({ folder: folderHash(hash, folder), ...row })
    .onConflict(conflict => conflict.column('folder').doUpdateSet(row))
    .execute()
}

/** What a look has seen so far. */
interface Seen {
  files: number
  /** Time spent on taking, which is no part of looking. */
  takingMs: number
  problem: string | null
}

async function lookAtBatch(look: Look, batch: Found[], seen: Seen): Promise<void> {
  const { deps, hash, folder, signal } = look
  const all = batch.map(found => known(hash, folder, found))
  seen.files += all.reduce((sum, { files }) => sum + files.length, 0)
  const standing = await note(deps, folderHash(hash, folder), all, deps.config.WATCH_SETTLE)
  const began = Date.now()
  for (const { found, row } of standing) {
    if (signal.aborted) return
    try {
      await takePlace(look, found, row)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      // Nothing is lost: it is taken when there is room.
      seen.problem = error.publicMessage
    }
  }
  seen.takingMs += Date.now() - began
}

async function* batches(found: AsyncIterable<Found>): AsyncGenerator<Found[]> {
  let batch: Found[] = []
  for await (const one of found) {
    batch.push(one)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
