import type { Consumer, ConsumerConfig, JetStreamManager, JsMsg } from '@nats-io/jetstream'
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/transport-node'
import { ServiceError } from '../errors.ts'
import { MAX_SIGNAL_BYTES } from './delivery.ts'
import { persistent, type Report } from './follow.ts'
import { backlogOf } from './nats-backlog.ts'
import { connectNats } from './nats-connection.ts'
import { startNatsConsumer } from './nats-consumer.ts'
import { startNatsFollower } from './nats-follow.ts'
import { deadHeaders, headersOf } from './nats-message.ts'
import { readPlace } from './place.ts'
import type { Bus, ConsumerSpec, StreamSpec, Subscription } from './port.ts'

const TIMEOUT_MS = 5000
const DEDUP_MS = 120_000
const PULL_MS = 30_000
/** The way to another site breaks without a word. */
const FAR_PULL_MS = 3000
const DEAD_STREAM: StreamSpec = { name: 'DEAD', subjects: ['dead.>'], maxAgeMs: 90 * 86_400_000 }

/**
 * NATS JetStream; asks of the server what 2.9 can do. See connectNats for the URL.
 * @param domain of another site's JetStream, which this server reaches by its leaf node and which may be away: its streams
 *   are that site's business, and only what the link there may do is asked of it
 */
export async function openNats(url: string, report: Report, domain?: string): Promise<Bus> {
  const connection = await connectNats(url)
  const { nc } = connection
  const options = { timeout: TIMEOUT_MS, ...(domain === undefined ? {} : { domain, checkAPI: false }) }
  const js = jetstream(nc, options)
  const jsm = await jetstreamManager(nc, options)
  const streams = new Map<string, StreamSpec>()
  const subscriptions = new Set<Subscription>()

  function registered(subscription: Subscription): Subscription {
    subscriptions.add(subscription)
    return {
      async stop(graceMs) {
        await subscription.stop(graceMs)
        subscriptions.delete(subscription)
      },
    }
  }

  /** Also makes the stream again when the servers have lost it and this process knows it. */
  async function bind(spec: ConsumerSpec): Promise<Consumer> {
    for (const stream of [streams.get(spec.stream), domain === undefined ? DEAD_STREAM : undefined]) {
      if (stream !== undefined) await saveStream(jsm, stream, connection.replicas)
    }
    await saveConsumer(jsm, spec)
    return js.consumers.get(spec.stream, spec.name)
  }

  return {
    async ensureStream(spec) {
      await available(saveStream(jsm, spec, connection.replicas))
      streams.set(spec.name, spec)
    },
    async publish(subject, data, { id, headers = {} }) {
      const options = { msgID: id, headers: headersOf(headers), timeout: TIMEOUT_MS }
      await available(connection.whileUp(() => js.publish(subject, data, options)))
    },
    async consume(spec, handle, dead) {
      const deps = {
        connection,
        pullMs: domain === undefined ? PULL_MS : FAR_PULL_MS,
        bind: () => bind(spec),
        async bury(message: JsMsg, code: string) {
          const options = { msgID: `${spec.stream}.${spec.name}.${message.seq}`, headers: deadHeaders(message, code) }
          await connection.whileUp(() => js.publish(`dead.${spec.stream}.${spec.name}`, message.data, options))
        },
      }
      const consumer = await available(bind(spec))
      return registered(startNatsConsumer(deps, consumer, spec, handle, dead))
    },
    backlog: consumer => available(connection.whileUp(() => backlogOf(jsm, consumer))),
    async follow({ stream, subject, from }, handle) {
      const { state } = await available(jsm.streams.info(stream))
      const startSeq = from === 'now' ? state.last_seq + 1 : 1
      let stopped = false
      const keep = persistent(handle, report, () => stopped)
      const follower = startNatsFollower(connection, js, { stream, subject, startSeq, target: state.last_seq }, keep)
      await follower.caughtUp
      return registered({
        stop: () => {
          stopped = true
          return follower.stop()
        },
      })
    },
    async forget(stream, place) {
      const { seq, id } = readPlace(place)
      const kept = await available(connection.whileUp(() => jsm.streams.getMessage(stream, { seq })))
      if (kept?.header.get('Nats-Msg-Id') !== id) return
      await available(connection.whileUp(() => jsm.streams.deleteMessage(stream, seq)))
    },
    async newestId(stream, subject) {
      const newest = await available(
        connection.whileUp(() => jsm.streams.getMessage(stream, { last_by_subj: subject })),
      )
      return newest?.header.get('Nats-Msg-Id') || undefined
    },
    async signal(subject, data) {
      if (data.length > MAX_SIGNAL_BYTES) throw new ServiceError('too-large', 'The signal is too large')
      if (connection.connected) nc.publish(subject, data)
    },
    async listen(subject, handle) {
      const subscription = nc.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) handle(message.subject, message.data)
        },
      })
      // The server must know of it before the caller goes on.
      await available(nc.flush())
      return { stop: async () => subscription.unsubscribe() }
    },
    async ready() {
      await available(connection.whileUp(() => jsm.getAccountInfo()))
    },
    async close() {
      await Promise.all([...subscriptions].map(subscription => subscription.stop()))
      if (connection.connected) await nc.drain().catch(() => {})
      await nc.close()
    },
  }
}

async function saveStream(jsm: JetStreamManager, spec: StreamSpec, replicas: number): Promise<void> {
  const config = {
    subjects: spec.subjects,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: replicas,
    max_age: nanos(spec.maxAgeMs),
    duplicate_window: nanos(Math.min(DEDUP_MS, spec.maxAgeMs)),
  }
  await addOrUpdate(
    () => jsm.streams.add({ name: spec.name, ...config }),
    () => jsm.streams.update(spec.name, config),
  )
}

async function saveConsumer(jsm: JetStreamManager, spec: ConsumerSpec): Promise<void> {
  const changing: Partial<ConsumerConfig> = {
    ack_wait: nanos(spec.ackWaitMs),
    // Unlimited: the server would only fall silent at the limit. The count is kept by `deliver`, which buries the message.
    max_deliver: -1,
    filter_subject: spec.subject,
    ...(spec.inOrder ? { max_ack_pending: 1 } : {}),
  }
  const fixed = { durable_name: spec.name, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All }
  await addOrUpdate(
    () => jsm.consumers.add(spec.stream, { ...fixed, ...changing }),
    () => jsm.consumers.update(spec.stream, spec.name, changing),
  )
}

/** API errors for "exists with another configuration": of a stream; of a consumer, by the server's version. */
const EXISTS = new Set([10058, 10148, 10013, 10105])

async function addOrUpdate(add: () => Promise<unknown>, update: () => Promise<unknown>): Promise<void> {
  try {
    await add()
  } catch (error) {
    if (!EXISTS.has((error as { code?: number }).code ?? 0)) throw error
    await update()
  }
}

/** Makes everything but a refusal (a bad name, for one) an error that passes by itself. */
async function available<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw isRefusal(error) ? error : away(error)
  }
}

function isRefusal(error: unknown): boolean {
  // A stream that is not found may be about to come.
  if (error instanceof JetStreamApiError) return error.status < 500 && error.code !== JetStreamApiCodes.StreamNotFound
  return /^Invalid/.test((error as Error).name)
}

function away(cause: unknown): ServiceError {
  return new ServiceError('unavailable', 'The event bus is not reachable right now', { cause })
}
