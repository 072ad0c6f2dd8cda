/** A store of pyramids with the stage before it: what is staged comes from there, and from the store when that fails. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { stageKey } from './copy.ts'
import type { Guard } from './guard.ts'
import type { Handles } from './handles.ts'
import type { Views } from './views.ts'

export interface StageReads {
  stage: Objects
  handles: Handles
  views: Views
  guard: Guard
  /** The copy of a staged pyramid is not there any more. */
  lost(key: string): void
  /** Counts a read by who had it; `instead`: the store, after the stage had failed. */
  count(by: 'stage' | 'store' | 'instead'): void
  /** So many bytes need not be read from the store. */
  spared(bytes: number): void
  /** How many reads of the store somebody waits for. */
  far: { underway: number }
}

const isMissing = (error: unknown): boolean => error instanceof ServiceError && error.code === 'not-found'

export function beforeStore(objects: ReadableObjects, reads: StageReads): ReadableObjects {
  const { stage, handles, views, guard, lost, count, spared, far } = reads

  async function waitedFor<Result>(read: () => Promise<Result>): Promise<Result> {
    far.underway += 1
    try {
      return await read()
    } finally {
      far.underway -= 1
    }
  }

  /** One copy that is missing is lost; all of them, when the stage is away, are not. */
  async function missingWhere(error: unknown): Promise<never> {
    if (isMissing(error)) await stage.ready()
    throw error
  }

  /** From the stage when it has the pyramid and can be read, from the store otherwise. */
  async function either<Result>(
    key: string,
    signal: AbortSignal | undefined,
    fromStage: () => Promise<Result>,
    fromStore: () => Promise<Result>,
  ): Promise<Result> {
    const staged = await views.viewed(key)
    if (!staged || !guard.usable()) {
      count('store')
      return waitedFor(fromStore)
    }
    const attempt = () => fromStage().catch(missingWhere)
    try {
      const result = await guard.attempt(attempt, error => isMissing(error) || signal?.aborted === true)
      count('stage')
      return result
    } catch (error) {
      signal?.throwIfAborted()
      if (isMissing(error)) lost(key)
      count('instead')
      return waitedFor(fromStore)
    }
  }

  return {
    location: objects.location,
    head: key => objects.head(key),
    list: prefix => objects.list(prefix),
    range: (key, offset, length, signal) =>
      either(
        key,
        signal,
        async () => {
          const bytes = await handles.read(stageKey(key), offset, length, signal)
          spared(length)
          return bytes
        },
        () => objects.range(key, offset, length, signal),
      ),
    stream: (key, part) =>
      either(
        key,
        undefined,
        async () => {
          const stream = await stage.stream(stageKey(key), part)
          spared(part?.length ?? (await stage.head(stageKey(key)))?.size ?? 0)
          return stream
        },
        () => objects.stream(key, part),
      ),
    localFile: (key, scratch) =>
      either(
        key,
        undefined,
        () => stage.localFile(stageKey(key), scratch),
        () => objects.localFile(key, scratch),
      ),
  }
}
