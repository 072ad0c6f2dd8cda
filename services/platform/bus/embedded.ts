import type { Database } from '../db/port.ts'
import { ServiceError } from '../errors.ts'
import { backlogOf } from './embedded-backlog.ts'
import { type Loop, startConsumer, startFollower } from './embedded-consumer.ts'
import { embeddedSignals } from './embedded-signals.ts'
import {
  append,
  CHANNEL,
  deleteMessage,
  endLeases,
  lastSeq,
  loadStreams,
  migrations,
  newestId,
  prune,
  SCHEMA,
  saveConsumer,
  saveStream,
} from './embedded-store.ts'
import { persistent, type Report } from './follow.ts'
import { readPlace } from './place.ts'
import type { Bus, Subscription } from './port.ts'
import { subjectMatcher } from './subjects.ts'

const PRUNE_EVERY_MS = 60_000

/** A bus in the tables of a database (schema `bus`), for one process or several on one PostgreSQL. */
export async function openEmbedded(database: Database, report: Report): Promise<Bus> {
  const db = await database.open<Record<string, never>>(SCHEMA, migrations)
  // Nobody else has the database: what is leased was leased by a process that died.
  if (database.exclusive) await endLeases(db)
  const loops = new Map<Loop, string>()
  const pruned = new Map<string, number>()
  let streams: { name: string; matches: (subject: string) => boolean }[] = []

  const listener = await database.listen(CHANNEL, stream => {
    // An empty payload: notifications may have been missed.
    for (const [loop, of] of loops) if (stream === '' || stream === of) loop.bell.ring()
  })
  const signals = await embeddedSignals(database, db)

  async function streamOf(subject: string): Promise<string> {
    const find = (): string | undefined => streams.find(stream => stream.matches(subject))?.name
    if (find() === undefined) {
      const rows = await loadStreams(db)
      streams = rows.flatMap(row => row.subjects.map(s => ({ name: row.name, matches: subjectMatcher(s) })))
    }
    const found = find()
    if (found === undefined) throw new ServiceError('unavailable', 'No stream keeps this event yet')
    return found
  }

  async function lastSeqOf(stream: string): Promise<number> {
    const seq = await lastSeq(db, stream)
    if (seq === undefined) throw new ServiceError('unavailable', 'This stream does not exist yet')
    return seq
  }

  /** Old messages go when new ones come, so that no timer runs in an idle process. */
  async function pruneSometimes(stream: string): Promise<void> {
    if (Date.now() - (pruned.get(stream) ?? 0) < PRUNE_EVERY_MS) return
    pruned.set(stream, Date.now())
    await prune(db, stream)
  }

  function registered(loop: Loop, stream: string): Subscription {
    loops.set(loop, stream)
    return {
      async stop(graceMs) {
        await loop.stop(graceMs)
        loops.delete(loop)
      },
    }
  }

  return {
    async ensureStream({ name, subjects, maxAgeMs }) {
      // What the former age has ended must not come back under a longer one.
      await prune(db, name)
      await saveStream(db, name, subjects, maxAgeMs)
      streams = []
      await prune(db, name)
    },
    async publish(subject, data, { id, headers = {} }) {
      const stream = await streamOf(subject)
      await append(db, stream, { id, subject, headers: JSON.stringify(headers), data: Buffer.from(data) })
      await pruneSometimes(stream)
    },
    async consume(spec, handle, dead) {
      await lastSeqOf(spec.stream)
      await saveConsumer(db, spec.stream, spec.name)
      return registered(startConsumer(db, spec, handle, dead, report), spec.stream)
    },
    backlog: consumer => backlogOf(db, consumer),
    async follow({ stream, subject, from }, handle) {
      const target = await lastSeqOf(stream)
      let stopped = false
      const after = from === 'now' ? target : 0
      const loop = startFollower(
        db,
        { stream, subject, after, target },
        persistent(handle, report, () => stopped),
      )
      const subscription = registered(loop, stream)
      await loop.caughtUp
      return {
        stop: () => {
          stopped = true
          return subscription.stop()
        },
      }
    },
    forget: (stream, place) => deleteMessage(db, stream, readPlace(place)),
    async newestId(stream, subject) {
      await lastSeqOf(stream)
      return newestId(db, stream, subject)
    },
    signal: (subject, data) => signals.send(subject, data),
    listen: (subject, handle) => signals.listen(subject, handle),
    ready: () => database.ready(),
    async close() {
      await Promise.all([...loops.keys()].map(loop => loop.stop()))
      await signals.close()
      await listener.stop()
    },
  }
}
