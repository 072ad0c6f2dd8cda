import { type Bell, bell } from '../bell.ts'
import type { Db } from '../db/port.ts'
import { toServiceError } from '../errors.ts'
import { deliver, heartbeatMs, inWork, type Outcome } from './delivery.ts'
import { extend, giveBack, type Lease, read, type StoredMessage, settle, take } from './embedded-store.ts'
import type { Report } from './follow.ts'
import { placeOf } from './place.ts'
import type { BusMessage, ConsumerSpec, DeadHandler, Handler, Subscription } from './port.ts'

const GRACE_MS = 10_000
/** Waiting time while the database is away. */
const AWAY_MS = 1000
const FOLLOW_BATCH = 100

export type Rows = Db<Record<string, never>>
export interface Loop extends Subscription {
  /** Rung when the stream may have something new. */
  readonly bell: Bell
}

/** Takes messages one lease at a time and handles up to `concurrency` at once. */
export function startConsumer(db: Rows, spec: ConsumerSpec, handle: Handler, dead: DeadHandler, report: Report): Loop {
  const wake = bell()
  const work = inWork()
  let stopped = false

  async function run(): Promise<void> {
    while (!stopped) {
      await work.room(spec.concurrency)
      if (stopped) return
      const taken = await take(db, spec).catch(failed)
      if ('lease' in taken) work.add(controller => handleLease(taken.lease, taken.message, controller))
      else if (!stopped) await wake.wait(taken.dueInMs)
    }
  }

  function failed(error: unknown): { dueInMs: number } {
    if (!toServiceError(error).retryable) report('a consumer cannot take its messages', error)
    return { dueInMs: AWAY_MS }
  }

  async function handleLease(lease: Lease, stored: StoredMessage, controller: AbortController): Promise<void> {
    const heartbeat = setInterval(() => {
      // Another process has the message already: two would do the same work.
      const ended = (mine: boolean): void => (mine ? undefined : controller.abort(new Error('the lease has ended')))
      extend(db, lease, spec.ackWaitMs).then(ended, () => {})
    }, heartbeatMs(spec))
    const outcome = await deliver(messageOf(stored, lease.attempts), spec, handle, dead, controller.signal)
    clearInterval(heartbeat)
    // When the database is away the lease ends by itself and the message comes again.
    await conclude(lease, outcome).catch(() => {})
  }

  function conclude(lease: Lease, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'retry') return giveBack(db, lease, outcome.delayMs)
    return settle(db, lease, outcome.kind === 'dead' ? outcome.code : undefined)
  }

  const running = run()
  return {
    bell: wake,
    async stop(graceMs = GRACE_MS) {
      stopped = true
      wake.ring()
      await work.finish(graceMs)
      await running
      // The loop may have leased one more while it was told to stop.
      await work.finish(0)
    },
  }
}

/** Reads the stream in order, from after `after` on. `caughtUp` resolves when everything up to `target` is handled. */
export function startFollower(
  db: Rows,
  spec: { stream: string; subject: string; after: number; target: number },
  handle: (message: BusMessage) => Promise<void>,
): Loop & { caughtUp: Promise<void> } {
  const wake = bell()
  const { promise: caughtUp, resolve } = Promise.withResolvers<void>()
  let stopped = false
  let after = spec.after

  async function run(): Promise<void> {
    while (!stopped) {
      const batch = await read(db, spec.stream, spec.subject, after, FOLLOW_BATCH).catch(() => undefined)
      if (batch === undefined) {
        await wake.wait(AWAY_MS)
        continue
      }
      for (const stored of batch.messages) {
        if (stopped) return
        await handle(messageOf(stored, 1))
      }
      const moved = batch.upper > after
      after = batch.upper
      if (after >= spec.target) resolve()
      if (!moved && !stopped) await wake.wait()
    }
  }

  const running = run()
  return {
    bell: wake,
    caughtUp,
    async stop() {
      stopped = true
      wake.ring()
      await running
      resolve()
    },
  }
}

function messageOf(stored: StoredMessage, deliveryCount: number): BusMessage {
  const { id, seq, subject, data } = stored
  return { id, place: placeOf(seq, id), subject, data, headers: JSON.parse(stored.headers), deliveryCount }
}
