/**
 * The annotations of the open slide: what the server has, what is not saved yet, what others do, and the way back.
 * Every change goes through `change`, so that all of it can be undone.
 */
import type { ReadonlySignal } from '@preact/signals'
import { computed, signal } from '@preact/signals'
import { newId } from '../id.ts'
import type { Live, LiveChange, LiveState } from './live.ts'
import { openLive } from './live.ts'
import type { AnnotationFeature } from './model.ts'
import { asNew, sameContent, versionOf, withMetadata } from './model.ts'
import { remoteAnnotations } from './remote.ts'
import { createSaver } from './saver.ts'
import type { History, Step } from './undo.ts'
import { noHistory, pushed, rebased, redo, renamed, undo } from './undo.ts'
import type { UnsavedEntries } from './unsaved.ts'
import { changed, openUnsaved } from './unsaved.ts'

/** What became of one annotation; null: gone. */
export type Applied = { id: string; feature: AnnotationFeature | null }
export interface Conflict {
  id: string
  mine: AnnotationFeature | null
  theirs: AnnotationFeature | null
}
export interface SessionEvents {
  applied(changes: readonly Applied[]): void
  /** A deleted annotation came back under another id. */
  renamed(from: string, to: string): void
  notice(text: string): void
  signedOut(): void
}

export interface AnnotationSession {
  readonly features: ReadonlyMap<string, AnnotationFeature>
  /** Raised by every change of `features`. */
  readonly revision: ReadonlySignal<number>
  readonly loaded: ReadonlySignal<boolean>
  readonly live: ReadonlySignal<LiveState>
  readonly unsavedCount: ReadonlySignal<number>
  readonly conflicts: ReadonlySignal<readonly Conflict[]>
  readonly canUndo: ReadonlySignal<boolean>
  readonly canRedo: ReadonlySignal<boolean>
  load(): Promise<void>
  change(step: Step): void
  undo(): void
  redo(): void
  /** Settles a conflict: what counts is `mine` again, or stays the other's. */
  settle(conflict: Conflict, choice: 'mine' | 'theirs'): void
  refusal(id: string): string | undefined
  /** Sends what is unsaved now instead of at the next try. */
  wake(): void
  close(): void
}

export function openAnnotations(
  slideId: string,
  userId: string,
  shelf: Storage,
  events: SessionEvents,
): AnnotationSession {
  const features = new Map<string, AnnotationFeature>()
  const remote = remoteAnnotations(slideId)
  const unsaved = openUnsaved(shelf, userId, slideId)
  const revision = signal(0)
  const loaded = signal(false)
  const liveState = signal<LiveState>('connecting')
  const unsavedCount = signal(unsaved.all().length)
  const conflicts = signal<readonly Conflict[]>([])
  const history = signal<History>(noHistory)
  let live: Live | undefined

  function apply(changes: readonly Applied[]) {
    if (changes.length === 0) return
    for (const { id, feature } of changes) {
      if (feature) features.set(id, feature)
      else features.delete(id)
    }
    events.applied(changes)
    revision.value++
  }

  const saver = createSaver(remote, unsaved, {
    saved(id, stored) {
      const sent = features.get(id)
      if (sent && stored && !sameContent(sent, stored)) history.value = rebased(history.value, sent, stored)
      if (!stored || features.has(id)) apply([{ id, feature: stored }])
    },
    conflict(id, mine, theirs) {
      apply([{ id, feature: theirs }])
      conflicts.value = [...conflicts.value.filter(other => other.id !== id), { id, mine, theirs }]
    },
    refused: (_id, reason) => events.notice(`Not saved: ${reason}`),
    signedOut: events.signedOut,
    count: () => {
      unsavedCount.value = unsaved.all().length
    },
  })

  function record(id: string, after: AnnotationFeature | null) {
    const version = versionOf(features.get(id) ?? after ?? asNew(id))
    const feature = after && withMetadata(after, { version })
    unsaved.put(changed(unsaved.get(id), id, feature, version))
    apply([{ id, feature }])
  }

  /** Carries out a step of the history as far as nobody else has changed what it is about. */
  function carryOut(taken: { step: Step; history: History } | null) {
    if (!taken) return
    history.value = taken.history
    for (const { id, before, after } of taken.step) {
      const current = features.get(id) ?? null
      if (!sameContent(current, before)) {
        events.notice('Left as it is: someone else has changed this annotation since.')
      } else if (!before && after) {
        const back = asNew(newId(), after)
        history.value = renamed(history.value, id, back.id)
        events.renamed(id, back.id)
        record(back.id, back)
      } else {
        record(id, after)
      }
    }
    saver.wake()
  }

  async function fetchAll(): Promise<number> {
    const there = new Map<string, AnnotationFeature>()
    const seq = await remote.list(page => {
      for (const feature of page) there.set(feature.id, feature)
    })
    apply(difference(features, there, unsaved))
    return seq
  }

  const incoming = inBatches((changes: LiveChange[]) => {
    const latest = [...new Map(changes.map(change => [change.annotationId, change])).values()]
    const news = latest.filter(({ annotationId, deleted, feature }) => {
      // What is unsaved here is settled when it is sent: the server then tells that it was overtaken.
      if (unsaved.get(annotationId)) return false
      const known = features.get(annotationId)
      return deleted ? known !== undefined : feature !== null && (!known || versionOf(feature) > versionOf(known))
    })
    apply(news.map(({ annotationId, deleted, feature }) => ({ id: annotationId, feature: deleted ? null : feature })))
  })

  return {
    features,
    revision,
    loaded,
    live: liveState,
    unsavedCount,
    conflicts,
    canUndo: computed(() => history.value.done.length > 0),
    canRedo: computed(() => history.value.undone.length > 0),
    async load() {
      const seq = await fetchAll()
      apply(unsaved.all().map(({ id, feature }) => ({ id, feature })))
      loaded.value = true
      live = openLive(slideId, seq, {
        changes: incoming.add,
        missed: () => {
          incoming.flush()
          return fetchAll()
        },
        state: state => {
          liveState.value = state
          if (state === 'open') saver.wake()
        },
      })
      saver.wake()
    },
    change(step) {
      history.value = pushed(history.value, step)
      for (const { id, after } of step) record(id, after)
      saver.wake()
    },
    undo: () => carryOut(undo(history.value)),
    redo: () => carryOut(redo(history.value)),
    settle(conflict, choice) {
      conflicts.value = conflicts.value.filter(other => other !== conflict)
      if (choice === 'theirs') return
      const { id, mine, theirs } = conflict
      const again = mine && !theirs ? asNew(newId(), mine) : mine
      this.change([{ id: again?.id ?? id, before: theirs, after: again }])
    },
    refusal: id => unsaved.get(id)?.refused,
    wake: saver.wake,
    close() {
      live?.close()
      saver.stop()
    },
  }
}

const BATCH_MS = 50
/** Collects for a moment: an import by somebody else may come in as thousands of changes, and each look costs a drawing. */
function inBatches<T>(take: (items: T[]) => void) {
  let waiting: T[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const items = waiting
    waiting = []
    if (items.length) take(items)
  }
  return {
    flush,
    add(items: readonly T[]) {
      waiting = waiting.concat(items)
      timer ??= setTimeout(flush, BATCH_MS)
    },
  }
}

/** What turns `known` into `there`, leaving alone what is unsaved here. */
export function difference(
  known: ReadonlyMap<string, AnnotationFeature>,
  there: ReadonlyMap<string, AnnotationFeature>,
  unsaved: Pick<UnsavedEntries, 'get'>,
): Applied[] {
  const gone = [...known.keys()].filter(id => !there.has(id))
  const news = [...there.values()].filter(feature => {
    const old = known.get(feature.id)
    return !old || versionOf(old) !== versionOf(feature)
  })
  const all: Applied[] = [
    ...gone.map(id => ({ id, feature: null })),
    ...news.map(feature => ({ id: feature.id, feature })),
  ]
  return all.filter(({ id }) => !unsaved.get(id))
}
