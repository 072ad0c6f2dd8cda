/** What is read out of the stores, and for what: counted in memory, saved now and then as sums of days. */
import { pipeline, Transform } from 'node:stream'
import type { Db } from '@coverslip/platform/db/port.ts'
import type { Log } from '@coverslip/platform/log.ts'
import type { OpenObject, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { sql } from 'kysely'
import type { Tables } from '../store.ts'

/**
 * Reads of the stores for tiles, for copies to the stage, and for downloads; `spared`: reads that the stage answered
 * instead; `served`: tiles as viewers got them, wherever they were.
 */
export const PURPOSES = ['tiles', 'staging', 'downloads', 'spared', 'served'] as const
export type Purpose = (typeof PURPOSES)[number]

export interface UsageTables {
  usage: {
    day: string
    purpose: Purpose
    requests: string | number | bigint
    bytes: string | number | bigint
  }
}

export interface Reads {
  requests: number
  bytes: number
}

/** One request unless told. */
export type CountReads = (bytes: number, requests?: number) => void

export interface Usage {
  /** Counts reads of a purpose. */
  counter(purpose: Purpose): CountReads
  /** The store, with all that is read of it counted. */
  metered(objects: ReadableObjects, purpose: Purpose): ReadableObjects
  /** Saves what is counted. */
  save(): Promise<void>
  stop(): Promise<void>
}

const SAVE_MS = 15_000
const none = (): Reads => ({ requests: 0, bytes: 0 })

export function startUsage({ db, log }: { db: Db<Tables>; log: Log }): Usage {
  const counted = Object.fromEntries(PURPOSES.map(purpose => [purpose, none()])) as Record<Purpose, Reads>
  let saving = Promise.resolve()

  const countInto =
    (sum: Reads): CountReads =>
    (bytes, requests = 1) => {
      sum.requests += requests
      sum.bytes += bytes
    }

  async function saveAll(): Promise<void> {
    for (const purpose of PURPOSES) {
      const sum = counted[purpose]
      const reads = { ...sum }
      if (reads.requests === 0 && reads.bytes === 0) continue
      Object.assign(sum, none())
      await addReads(db, purpose, reads).catch((error: unknown) => {
        countInto(sum)(reads.bytes, reads.requests)
        throw error
      })
    }
  }
  /** One after the other: what could not be saved is counted again and goes with the next. */
  const save = (): Promise<void> => {
    const next = saving.then(saveAll)
    saving = next.catch(() => {})
    return next
  }
  const timer = setInterval(() => {
    save().catch((error: unknown) => log.warn({ err: error }, 'usage could not be saved; it will be tried again'))
  }, SAVE_MS).unref()

  return {
    counter: purpose => countInto(counted[purpose]),
    metered: (objects, purpose) => meteredStore(objects, countInto(counted[purpose])),
    save,
    async stop() {
      clearInterval(timer)
      await save()
    },
  }
}

async function addReads(db: Db<Tables>, purpose: Purpose, { requests, bytes }: Reads): Promise<void> {
  await db.query
    .insertInto('usage')
    .values({ day: sql<string>`(now() at time zone 'UTC')::date`, purpose, requests, bytes })
    .onConflict(conflict =>
      conflict.columns(['day', 'purpose']).doUpdateSet(({ eb, ref }) => ({
        requests: eb(ref('usage.requests'), '+', ref('excluded.requests')),
        bytes: eb(ref('usage.bytes'), '+', ref('excluded.bytes')),
      })),
    )
    .execute()
}

/** Requests are counted as an object store counts them: a ranged read, a head, and a list of up to 1,000 are one each. */
function meteredStore(objects: ReadableObjects, count: CountReads): ReadableObjects {
  return {
    location: objects.location,
    ...(objects.open && { open: async (key: string) => meteredObject(await objects.open!(key), count) }),
    head(key) {
      count(0)
      return objects.head(key)
    },
    range(key, offset, length, signal) {
      count(length)
      return objects.range(key, offset, length, signal)
    },
    async stream(key, part) {
      count(0)
      const meter = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          count(chunk.length, 0)
          done(null, chunk)
        },
      })
      // Who reads the meter learns of a failure there.
      return pipeline(await objects.stream(key, part), meter, () => {})
    },
    async localFile(key, scratch) {
      const file = await objects.localFile(key, scratch)
      // A download where the store has no files; elsewhere nothing is read yet.
      count((await objects.head(key))?.size ?? 0)
      return file
    },
    list(prefix) {
      count(0)
      return objects.list(prefix)
    },
  }
}

function meteredObject(object: OpenObject, count: CountReads): OpenObject {
  return {
    size: object.size,
    read(offset, length, signal) {
      count(length)
      return object.read(offset, length, signal)
    },
    readNow(offset, target) {
      const read = object.readNow(offset, target)
      if (read) count(target.length)
      return read
    },
    close: () => object.close(),
  }
}
