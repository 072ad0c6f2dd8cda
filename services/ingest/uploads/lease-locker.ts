import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@coverslip/platform/db/port.ts'
import { ERRORS, type Lock, type Locker, type RequestRelease } from '@tus/server'
import { sql } from 'kysely'
import type { Tables } from '../store.ts'

export interface LeaseTimes {
  /** A lock that its holder does not renew ends after this. */
  leaseMs: number
  /** How often a holder renews its lock, and a waiter asks for one. */
  beatMs: number
  /** How long a waiter waits. */
  waitMs: number
}
const TIMES: LeaseTimes = { leaseMs: 5000, beatMs: 500, waitMs: 30_000 }

/**
 * Locks on uploads as leases in the database, so that several replicas serve one upload safely: tus' own locker knows
 * one process only. Whoever wants a lock marks it, and its holder is asked to let go; the lock of a process that died
 * ends by itself.
 */
export function createLeaseLocker(db: Db<Tables>, times: LeaseTimes = TIMES): Locker {
  return { newLock: name => createLock(db, name, times) }
}

const inMs = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`

function createLock(db: Db<Tables>, name: string, { leaseMs, beatMs, waitMs }: LeaseTimes): Lock {
  const holder = randomUUID()
  let beat: NodeJS.Timeout | undefined

  async function tryToTake(): Promise<boolean> {
    const taken = await db.query
      .insertInto('upload_locks')
      .values({ name, holder, expires_at: inMs(leaseMs), wanted: false })
      .onConflict(conflict =>
        conflict
          .column('name')
          .doUpdateSet({ holder, expires_at: inMs(leaseMs), wanted: false })
          .where('upload_locks.expires_at', '<', sql<Date>`now()`),
      )
      .returning('holder')
      .executeTakeFirst()
    if (taken) return true
    await db.query.updateTable('upload_locks').set({ wanted: true }).where('name', '=', name).execute()
    return false
  }

  /** Renews the lease; asks the holder to let go when somebody wants the lock, or when it has been lost. */
  async function renew(release: RequestRelease): Promise<void> {
    const row = await db.query
      .updateTable('upload_locks')
      .set({ expires_at: inMs(leaseMs) })
      .where('name', '=', name)
      .where('holder', '=', holder)
      .returning('wanted')
      .executeTakeFirst()
    if (!row || row.wanted) await release()
  }

  return {
    async lock(signal, release) {
      const until = Date.now() + waitMs
      while (!(await tryToTake())) {
        if (signal.aborted || Date.now() > until) throw ERRORS.ERR_LOCK_TIMEOUT
        await sleep(beatMs)
      }
      // A failed renewal is tried again at the next beat, before the lease ends.
      beat = setInterval(() => void renew(release).catch(() => {}), beatMs)
    },
    async unlock() {
      clearInterval(beat)
      await db.query.deleteFrom('upload_locks').where('name', '=', name).where('holder', '=', holder).execute()
    },
  }
}

/** Whether somebody is uploading right now. */
export async function isLocked(db: Db<Tables>, name: string): Promise<boolean> {
  const row = await db.query
    .selectFrom('upload_locks')
    .select('name')
    .where('name', '=', name)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst()
  return row !== undefined
}
