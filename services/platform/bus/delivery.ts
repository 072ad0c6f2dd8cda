import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError, toServiceError } from '../errors.ts'
import type { BusMessage, ConsumerSpec, DeadHandler, Handler } from './port.ts'

/** Larger signals are refused by every adapter: a PostgreSQL notification has room for 8000 bytes, base64 included. */
export const MAX_SIGNAL_BYTES = 4096

/** How often an adapter says that work goes on: twice may be lost before the message counts as abandoned. */
export const heartbeatMs = (spec: ConsumerSpec): number => Math.max(10, Math.floor(spec.ackWaitMs / 3))

/** What the bus is told about one delivery. */
export type Outcome = { kind: 'ack' } | { kind: 'retry'; delayMs: number } | { kind: 'dead'; code: string }

/**
 * Handles one delivery to its end; never rejects. A message delivered more often than `maxDeliver` is not handled again:
 * the process died with it that often.
 */
export async function deliver(
  message: BusMessage,
  spec: ConsumerSpec,
  handle: Handler,
  dead: DeadHandler,
  signal: AbortSignal,
): Promise<Outcome> {
  const error = message.deliveryCount > spec.maxDeliver ? gaveUp(spec) : await failureOf(() => handle(message, signal))
  if (error === undefined) return { kind: 'ack' }
  if (signal.aborted) return { kind: 'retry', delayMs: 0 }
  const { code, retryable } = toServiceError(error)
  if (retryable && message.deliveryCount < spec.maxDeliver) return retryAfter(spec, message.deliveryCount)
  const failed = await failureOf(() => dead(message, error))
  return failed === undefined ? { kind: 'dead', code } : retryAfter(spec, spec.backoffMs.length)
}

function gaveUp(spec: ConsumerSpec): ServiceError {
  return new ServiceError('internal', `Given up: the processing ended ${spec.maxDeliver} times without a result`)
}

async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error ?? new Error('rejected without a reason')
  }
}

function retryAfter({ backoffMs }: ConsumerSpec, deliveries: number): Outcome {
  return { kind: 'retry', delayMs: backoffMs[Math.min(deliveries, backoffMs.length) - 1] ?? 0 }
}

/** How long handlers may take to give up once they are aborted. */
const ABORTED_MS = 5000

/** The deliveries in work in this process for one consumer. */
export interface InWork {
  readonly size: number
  /** Runs `work` with a signal of its own. */
  add(work: (controller: AbortController) => Promise<void>): void
  /** Resolves when one more could start. */
  room(limit: number): Promise<void>
  /** Waits for all of them, aborts them after `graceMs`, and waits a little longer. */
  finish(graceMs: number): Promise<void>
}

export function inWork(): InWork {
  const running = new Map<AbortController, Promise<void>>()
  const all = (): Promise<unknown> => Promise.all(running.values())
  return {
    get size() {
      return running.size
    },
    add(work) {
      const controller = new AbortController()
      const done = work(controller).finally(() => running.delete(controller))
      running.set(controller, done)
    },
    async room(limit) {
      while (running.size >= limit) await Promise.race(running.values())
    },
    async finish(graceMs) {
      await atMost(graceMs, all())
      for (const controller of running.keys()) controller.abort(new Error('the consumer stops'))
      await atMost(ABORTED_MS, all())
    },
  }
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  await Promise.race([work, sleep(ms, undefined, { signal: timer.signal }).catch(() => {})])
  timer.abort()
}
