import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import { deliver, heartbeatMs, inWork, type Outcome } from './delivery.ts'
import type { Connection } from './nats-connection.ts'
import { messageOf } from './nats-message.ts'
import type { ConsumerSpec, DeadHandler, Handler, Subscription } from './port.ts'

const GRACE_MS = 10_000
const RETRY_MS = 1000

export interface ConsumerDeps {
  connection: Connection
  /** How long a request for a message waits at the server; one that was lost on the way is noticed after that. */
  pullMs: number
  /** Makes the durable consumer where it is missing, and returns it. */
  bind(): Promise<Consumer>
  /** Keeps a dead message. */
  bury(message: JsMsg, code: string): Promise<void>
}

/**
 * Pulls one message at a time for each free place, so that no process holds messages that another could work on; a
 * larger pull would let one worker hoard jobs whose time to acknowledge already runs.
 */
export function startNatsConsumer(
  deps: ConsumerDeps,
  first: Consumer,
  spec: ConsumerSpec,
  handle: Handler,
  dead: DeadHandler,
): Subscription {
  const work = inWork()
  let stopped = false
  let consumer: Consumer | undefined = first
  let pull: ConsumerMessages | undefined
  // Requests that wait at a server do not survive it.
  const forget = deps.connection.onDown(() => pull?.stop())

  async function run(): Promise<void> {
    while (!stopped) {
      await work.room(spec.concurrency)
      try {
        await deps.connection.up()
        if (stopped) return
        consumer ??= await deps.bind()
        pull = await consumer.fetch({ max_messages: 1, expires: deps.pullMs })
        if (stopped) pull.stop()
        for await (const message of pull) accept(message)
      } catch {
        // The server restarts, or has lost the consumer: make sure of it before the next pull.
        consumer = undefined
        if (!stopped) await sleep(RETRY_MS)
      }
    }
  }

  function accept(message: JsMsg): void {
    if (stopped) message.nak()
    else work.add(controller => handleMessage(message, controller.signal))
  }

  async function handleMessage(message: JsMsg, signal: AbortSignal): Promise<void> {
    const heartbeat = setInterval(() => message.working(), heartbeatMs(spec))
    const outcome = await deliver(messageOf(message), spec, handle, dead, signal)
    // Without an answer the message comes again when its time to acknowledge is over.
    await conclude(message, outcome).catch(() => {})
    clearInterval(heartbeat)
  }

  async function conclude(message: JsMsg, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'ack') await deps.connection.whileUp(() => message.ackAck())
    if (outcome.kind === 'retry') message.nak(outcome.delayMs)
    if (outcome.kind === 'dead') {
      try {
        await deps.bury(message, outcome.code)
      } catch (error) {
        message.nak(spec.backoffMs.at(-1))
        throw error
      }
      // Without a reason: servers before 2.10.4 do not know one and would take this for no answer.
      message.term()
    }
  }

  const running = run()
  return {
    async stop(graceMs = GRACE_MS) {
      stopped = true
      forget()
      pull?.stop()
      await work.finish(graceMs)
      // While the server is away the loop waits for it; there is nothing to finish then.
      if (deps.connection.connected) await running
    },
  }
}
