import { setTimeout as sleep } from 'node:timers/promises'
import type { ConsumerMessages, JetStreamClient } from '@nats-io/jetstream'
import type { Connection } from './nats-connection.ts'
import { messageOf } from './nats-message.ts'
import type { BusMessage, Subscription } from './port.ts'

const RETRY_MS = 1000

export interface FollowSpec {
  stream: string
  subject: string
  /** The first message to see. */
  startSeq: number
  /** `caughtUp` resolves when everything up to here has been handled. */
  target: number
}

/**
 * Follows a stream by an ordered consumer that is made anew, after the last handled message, whenever the connection
 * breaks: the server keeps such consumers in memory only.
 */
export function startNatsFollower(
  connection: Connection,
  js: JetStreamClient,
  spec: FollowSpec,
  handle: (message: BusMessage) => Promise<void>,
): Subscription & { caughtUp: Promise<void> } {
  const { promise: caughtUp, resolve } = Promise.withResolvers<void>()
  let stopped = false
  let next = spec.startSeq
  let messages: ConsumerMessages | undefined
  const forget = connection.onDown(() => messages?.stop())
  if (next > spec.target) resolve()

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await connection.up()
        await followOnce()
      } catch {
        if (!stopped) await sleep(RETRY_MS)
      }
    }
  }

  async function followOnce(): Promise<void> {
    const consumer = await js.consumers.get(spec.stream, { filter_subjects: spec.subject, opt_start_seq: next })
    const { num_pending } = await consumer.info(true)
    if (num_pending === 0) resolve()
    messages = await consumer.consume()
    if (stopped) messages.stop()
    for await (const message of messages) {
      if (stopped) return
      await handle(messageOf(message))
      next = message.info.streamSequence + 1
      if (message.info.pending === 0 || next > spec.target) resolve()
    }
  }

  const running = run()
  return {
    caughtUp,
    async stop() {
      stopped = true
      forget()
      messages?.stop()
      resolve()
      if (connection.connected) await running
    },
  }
}
