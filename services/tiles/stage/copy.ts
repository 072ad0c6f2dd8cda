/** One pyramid from its store to the stage: slowly, whole or not at all, and read back before it counts. */
import { createHash } from 'node:crypto'
import { addAbortSignal, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { Copy } from './rows.ts'

/** Copies lie under a name of their own: a stage in the same place as another store touches nothing of it. */
export const STAGE_PREFIX = 'staged/'
/** @param key of the pyramid store, or a prefix of keys */
export const stageKey = (key: string): string => STAGE_PREFIX + key

/** Waits until so many bytes may pass. */
export type Pace = (bytes: number) => Promise<void>

/** So much slower are copies while somebody waits for the store. */
const YIELDING = 8

/**
 * One pace for all copies of a process, so that they leave line and processor to the viewers.
 * @param isBusy whether somebody waits for the store now
 */
export function createPace(bytesPerSecond: number, isBusy: () => boolean = () => false): Pace {
  let free = 0
  return async bytes => {
    const now = performance.now()
    free = Math.max(free, now) + (bytes / bytesPerSecond) * 1000 * (isBusy() ? YIELDING : 1)
    // A timer is not more precise than that.
    if (free - now > 10) await sleep(free - now)
  }
}

export interface Copying {
  from: Pick<ReadableObjects, 'stream'>
  to: Objects
  pace: Pace
  signal: AbortSignal
}

/**
 * @throws ServiceError `unavailable` when what was written differs from what was announced (it is removed), and whatever
 *   the stores throw
 */
export async function copyToStage({ key, sha256 }: Copy, { from, to, pace, signal }: Copying): Promise<void> {
  const target = stageKey(key)
  // A copy that a process has ended and not yet noted is there already.
  if (!(await to.head(target))) {
    await to.discardUnfinished(target)
    const source = addAbortSignal(signal, await from.stream(key))
    await to.put(target, Readable.from(paced(source, pace), { objectMode: false }))
  }
  if ((await digestOf(addAbortSignal(signal, await to.stream(target)), pace)) === sha256) return
  await to.deletePrefix(target)
  throw new ServiceError('unavailable', 'The copy on the stage differed from the pyramid and was removed')
}

async function* paced(source: Readable, pace: Pace): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    await pace((chunk as Buffer).length)
    yield chunk as Buffer
  }
}

async function digestOf(source: Readable, pace: Pace): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of paced(source, pace)) hash.update(chunk)
  return hash.digest('hex')
}
