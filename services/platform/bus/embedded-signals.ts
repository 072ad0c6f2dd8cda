import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Database, Db } from '../db/port.ts'
import { ServiceError } from '../errors.ts'
import { MAX_SIGNAL_BYTES } from './delivery.ts'
import type { Subscription } from './port.ts'
import { subjectMatcher } from './subjects.ts'

const CHANNEL = 'bus_signals'

export interface Signals {
  send(subject: string, data: Uint8Array): Promise<void>
  listen(pattern: string, handle: (subject: string, data: Uint8Array) => void): Promise<Subscription>
  close(): Promise<void>
}

/** Signals reach this process directly, and other processes on the same database by a notification. */
export async function embeddedSignals(database: Database, db: Db<Record<string, never>>): Promise<Signals> {
  const origin = randomUUID()
  const listeners = new Set<(subject: string, data: Uint8Array) => void>()
  const tell = (subject: string, data: Uint8Array): void => {
    for (const listener of listeners) listener(subject, data)
  }
  const others = database.exclusive
    ? undefined
    : await database.listen(CHANNEL, payload => {
        const [from, subject = '', data = ''] = payload.split(' ')
        if (payload !== '' && from !== origin) tell(subject, Buffer.from(data, 'base64'))
      })
  return {
    async send(subject, data) {
      if (data.length > MAX_SIGNAL_BYTES) throw new ServiceError('too-large', 'The signal is too large')
      // As from a server: after the caller has gone on.
      setImmediate(tell, subject, data)
      if (others === undefined) return
      const payload = `${origin} ${subject} ${Buffer.from(data).toString('base64')}`
      await sql`select pg_notify(${CHANNEL}, ${payload})`.execute(db.query)
    },
    async listen(pattern, handle) {
      const matches = subjectMatcher(pattern)
      const listener = (subject: string, data: Uint8Array): void => {
        if (matches(subject)) handle(subject, data)
      }
      listeners.add(listener)
      return { stop: async () => void listeners.delete(listener) }
    },
    async close() {
      listeners.clear()
      await others?.stop()
    },
  }
}
