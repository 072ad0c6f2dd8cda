/** Sends unsaved changes one after the other until the server has them; nothing is dropped without saying so. */
import { ApiError } from '../api.ts'
import type { AnnotationFeature } from './model.ts'
import { sameContent, versionOf } from './model.ts'
import type { RemoteAnnotations } from './remote.ts'
import type { Unsaved, UnsavedEntries } from './unsaved.ts'

export interface SaverEvents {
  /** The server stored it; null when it is deleted. */
  saved(id: string, stored: AnnotationFeature | null): void
  /** Somebody else was faster: `theirs` is what counts now (null: deleted), `mine` was not stored. */
  conflict(id: string, mine: AnnotationFeature | null, theirs: AnnotationFeature | null): void
  /** The server will not take it as it is. */
  refused(id: string, reason: string): void
  signedOut(): void
  /** Called whenever the number of unsaved changes may be another one. */
  count(): void
}

export interface Saver {
  /** Starts sending, at once even when it was waiting to try again. */
  wake(): void
  stop(): void
}

const LONGEST_WAIT = 20_000
const backOff = (attempt: number): number => Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(attempt, 10))

type Sleep = (ms: number, wakened: AbortSignal) => Promise<void>

export function createSaver(
  remote: RemoteAnnotations,
  unsaved: UnsavedEntries,
  events: SaverEvents,
  sleep: Sleep = sleepUntil,
): Saver {
  let running = false
  let stopped = false
  let nap = new AbortController()

  async function run() {
    running = true
    let attempt = 0
    for (let entry = next(); entry && !stopped; entry = next()) {
      try {
        await sendOne(entry)
        attempt = 0
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) {
          events.signedOut()
          break
        }
        nap = new AbortController()
        await sleep(backOff(attempt++), nap.signal)
      }
      events.count()
    }
    running = false
  }

  const next = () => unsaved.all().find(entry => !entry.refused)

  /** @throws ApiError that is worth another try */
  async function sendOne(entry: Unsaved): Promise<void> {
    try {
      settle(entry, await send(remote, unsaved, entry))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 412) return giveWay(entry)
      if (error.retryable || error.status === 401) throw error
      refuse(entry, error.message)
    }
  }

  function settle(sent: Unsaved, stored: AnnotationFeature | null) {
    const now = unsaved.get(sent.id)
    if (now && now.feature !== sent.feature) {
      // Changed again while it was on its way: the newer change builds on what was stored just now.
      unsaved.put({ ...now, version: stored ? versionOf(stored) : 0, sent: false })
      return
    }
    unsaved.remove(sent.id)
    events.saved(sent.id, stored)
  }

  async function giveWay(entry: Unsaved) {
    const theirs = await remote.get(entry.id)
    const mine = unsaved.get(entry.id)?.feature ?? null
    unsaved.remove(entry.id)
    if (sameContent(mine, theirs)) events.saved(entry.id, theirs)
    else events.conflict(entry.id, mine, theirs)
  }

  function refuse(entry: Unsaved, reason: string) {
    const now = unsaved.get(entry.id)
    if (now && now.feature !== entry.feature) return
    unsaved.put({ ...entry, refused: reason })
    events.refused(entry.id, reason)
  }

  return {
    wake() {
      events.count()
      nap.abort()
      if (!running && !stopped) void run()
    },
    stop() {
      stopped = true
      nap.abort()
    },
  }
}

/** One try; answers with what the server stored, null when it is gone. @throws ApiError */
async function send(
  remote: RemoteAnnotations,
  unsaved: UnsavedEntries,
  entry: Unsaved,
): Promise<AnnotationFeature | null> {
  const { id, feature, version } = entry
  if (version > 0) {
    if (feature) return replaceOrConflict(remote, feature, version)
    await removeIfThere(remote, id, version)
    return null
  }
  if (feature) {
    // The same object stays in `feature`, by which settle() sees whether it was changed in the meantime.
    unsaved.put({ ...entry, sent: true })
    return createOrReplace(remote, feature)
  }
  // Never acknowledged and now unwanted: it is there only if an unanswered creation arrived.
  const arrived = entry.sent ? await remote.get(id) : null
  if (arrived) await removeIfThere(remote, id, versionOf(arrived))
  return null
}

/** A creation that arrived without its answer reaching us, then changed here, meets its own older self: 409. */
async function createOrReplace(remote: RemoteAnnotations, feature: AnnotationFeature): Promise<AnnotationFeature> {
  try {
    return await remote.create(feature)
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error
    const there = await remote.get(feature.id)
    if (!there) throw new ApiError(412, 'deleted', 'It was deleted by someone else.')
    return remote.replace(feature, versionOf(there))
  }
}

async function replaceOrConflict(remote: RemoteAnnotations, feature: AnnotationFeature, version: number) {
  try {
    return await remote.replace(feature, version)
  } catch (error) {
    if (error instanceof ApiError && isGone(error))
      throw new ApiError(412, 'deleted', 'It was deleted by someone else.')
    throw error
  }
}

async function removeIfThere(remote: RemoteAnnotations, id: string, version: number): Promise<void> {
  try {
    await remote.remove(id, version)
  } catch (error) {
    if (!(error instanceof ApiError && isGone(error))) throw error
  }
}
const isGone = (error: ApiError) => error.status === 404 || error.status === 410

function sleepUntil(ms: number, wakened: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    wakened.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
