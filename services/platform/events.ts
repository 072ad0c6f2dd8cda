/** Ties modules to the flow: what they may publish, what they consume and follow; names come from proto/flow.ts alone. */
import { type Arrow, type EventMessage, type EventName, flow } from '@coverslip/proto/flow.ts'
import type { ServiceName } from '@coverslip/proto/services.ts'
import { consumerName, subjectOf } from '@coverslip/proto/streams.ts'
import type { Transaction } from 'kysely'
import type { Bus, BusMessage, ConsumerSpec, Subscription } from './bus/port.ts'
import { ServiceError, toServiceError } from './errors.ts'
import type { Log } from './log.ts'
import type { Consumer, Consumers, Followers } from './module.ts'
import { saveEvent } from './outbox.ts'
import type { Telemetry } from './telemetry.ts'
import { type Handled, observeConsumer } from './vitals.ts'

const DEFAULTS = { ackWaitMs: 15_000, maxDeliver: 20, concurrency: 4 }
const BACKOFF_MS = [500, 2000, 10_000, 30_000, 60_000]
const SIGNAL_MS = 500

const arrowOf = (name: EventName): Arrow<unknown> => flow[name] as unknown as Arrow<unknown>

function encode(name: EventName, message: unknown): Uint8Array {
  const { message: codec } = arrowOf(name)
  return codec.encode(codec.fromPartial(message as object)).finish()
}

/** Saves an event in the outbox with the active trace. @throws Error when the flow does not let the module produce it. */
export async function publish<Name extends EventName>(
  trx: Transaction<unknown>,
  from: { service: ServiceName; site: string; schema: string; telemetry: Telemetry },
  name: Name,
  message: EventMessage<Name>,
): Promise<void> {
  mustProduce(from.service, name)
  const traceparent = from.telemetry.traceparent()
  const headers: Record<string, string> = traceparent ? { traceparent } : {}
  await saveEvent(trx, from.schema, { subject: subjectOf(name, from.site), data: encode(name, message), headers })
}

/** Removes one event from the stream that keeps it. @throws Error for an event that is kept nowhere */
export async function forget(bus: Bus, name: EventName, place: string): Promise<void> {
  const { stream } = arrowOf(name)
  if (stream === null) throw new Error(`${name} is kept nowhere`)
  await bus.forget(stream, place)
}

function mustProduce(service: ServiceName, name: EventName): void {
  if (!arrowOf(name).producers.includes(service)) throw new Error(`the flow does not let ${service} produce ${name}`)
}

/** Tells stream-less events, at most twice a second per key; the last one of a burst always goes out. */
export function createSignals(bus: Bus, service: ServiceName, site: string) {
  const waiting = new Map<string, { timer: NodeJS.Timeout; latest: (() => void) | undefined }>()
  function tell(name: EventName, message: unknown): void {
    mustProduce(service, name)
    const key = `${name} ${arrowOf(name).key(message)}`
    const send = (): void => void bus.signal(subjectOf(name, site), encode(name, message)).catch(() => {})
    const busy = waiting.get(key)
    if (busy) {
      busy.latest = send
      return
    }
    send()
    const open = () => {
      const entry = waiting.get(key)
      if (!entry?.latest) return void waiting.delete(key)
      entry.latest()
      entry.latest = undefined
      entry.timer = setTimeout(open, SIGNAL_MS)
    }
    waiting.set(key, { timer: setTimeout(open, SIGNAL_MS), latest: undefined })
  }
  return {
    tell,
    stop: () => {
      for (const { timer } of waiting.values()) clearTimeout(timer)
    },
  }
}

interface Subscriber {
  service: ServiceName
  site: string
  bus: Bus
  log: Log
  telemetry: Telemetry
}

/** Starts a module's durable consumers. @throws Error when they are not the ones the flow names. */
export async function startConsumers(subscriber: Subscriber, consumers: Consumers): Promise<Subscription[]> {
  mustMatch(subscriber.service, 'consumers', Object.keys(consumers))
  const entries = Object.entries(consumers) as [EventName, Consumer<EventName>][]
  return Promise.all(entries.map(([name, consumer]) => startConsumer(subscriber, name, consumer)))
}

function startConsumer(
  { service, site, bus, log, telemetry }: Subscriber,
  name: EventName,
  consumer: Consumer<EventName>,
) {
  const { stream, message: codec } = arrowOf(name)
  const spec: ConsumerSpec = {
    stream: stream!,
    name: consumerName(service, name),
    subject: subjectOf(name, siteHeard(service, name, site)),
    ackWaitMs: consumer.ackWaitMs ?? DEFAULTS.ackWaitMs,
    maxDeliver: consumer.maxDeliver ?? DEFAULTS.maxDeliver,
    concurrency: consumer.concurrency ?? DEFAULTS.concurrency,
    backoffMs: BACKOFF_MS,
  }
  const read = (message: BusMessage) => readEvent<EventMessage<EventName>>(codec, message.data)
  const meter = observeConsumer(telemetry, bus, service, name, spec)
  const inSpan = (message: BusMessage, work: () => Promise<void>): Promise<void> => {
    const attributes = {
      'coverslip.service': service,
      'messaging.system': 'nats',
      'messaging.destination.name': name,
      'messaging.message.id': message.id,
      'messaging.delivery_count': message.deliveryCount,
    }
    return telemetry.span(
      `${name} process`,
      { kind: 'consumer', parent: message.headers.traceparent ?? null, attributes },
      work,
    )
  }
  return bus.consume(
    spec,
    (message, signal) =>
      inSpan(message, async () => {
        const begun = performance.now()
        const told = (outcome: Handled): void => meter.handled(outcome, (performance.now() - begun) / 1000)
        try {
          const { deliveryCount, headers, place } = message
          const { traceparent } = headers
          await consumer.handle(must(read(message)), { signal, deliveryCount, traceparent, place })
          told('done')
        } catch (error) {
          const known = toServiceError(error)
          told(signal.aborted || known.retryable ? 'retry' : 'failed')
          // When the process stops, whatever the abort broke is tried again by the next one.
          if (signal.aborted) throw new ServiceError('unavailable', 'The process stopped', { cause: error })
          log.warn(
            { err: error, event: name, delivery: message.deliveryCount, retry: known.retryable },
            'an event could not be handled',
          )
          throw known
        }
      }),
    (message, error) =>
      inSpan(message, async () => {
        // One that cannot be read says of nothing that it failed; it is kept as dead all the same.
        const event = read(message)
        if (event) await consumer.failed?.(event, toServiceError(error))
        meter.died(toServiceError(error).code)
      }),
  )
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Numbers of revisions and parts are PostgreSQL's integers. */
const MAX_INTEGER = 2 ** 31 - 1

/**
 * @returns undefined for bytes that are not such a message, and for one with an id or a number that no table can hold:
 * every query with it would fail, for ever
 */
function readEvent<Message>(codec: Arrow<unknown>['message'], data: Uint8Array): Message | undefined {
  try {
    const message = codec.decode(data) as Record<string, unknown>
    if (typeof message.slideId === 'string' && !UUID.test(message.slideId)) return undefined
    if (Object.values(message).some(value => typeof value === 'number' && value > MAX_INTEGER)) return undefined
    return message as Message
  } catch {
    return undefined
  }
}

function must<Message>(event: Message | undefined): Message {
  if (event) return event
  throw new ServiceError('invalid', 'The event cannot be read')
}

/** Starts a module's followers. @throws Error when they are not the ones the flow names. */
export async function startFollowers(subscriber: Subscriber, followers: Followers): Promise<Subscription[]> {
  const own = arrowsWith(subscriber.service, 'followers').filter(name => name !== 'access.revoked')
  mustBe(subscriber.service, 'followers', own, Object.keys(followers))
  const entries = Object.entries(followers) as [EventName, (message: unknown) => void | Promise<void>][]
  return Promise.all(
    entries.map(([name, follow]) => {
      const madeAt = siteHeard(subscriber.service, name, subscriber.site)
      return followEvent(subscriber, name, { from: 'now', madeAt }, follow)
    }),
  )
}

/** The site whose events a service acts on; `*`: every one. */
const siteHeard = (service: ServiceName, name: EventName, site: string): string =>
  arrowOf(name).atHome?.includes(service) ? site : '*'

/** Every process sees every event made at the site (`*`: at any); a stream-less one only while it listens. */
export function followEvent(
  { bus, log }: Pick<Subscriber, 'bus' | 'log'>,
  name: EventName,
  { from, madeAt }: { from: 'start' | 'now'; madeAt: string },
  follow: (message: never) => void | Promise<void>,
): Promise<Subscription> {
  const { stream, message: codec } = arrowOf(name)
  const subject = subjectOf(name, madeAt)
  const handle = async (data: Uint8Array): Promise<void> => {
    try {
      await follow(codec.decode(data) as never)
    } catch (error) {
      log.warn({ err: error, event: name }, 'an event could not be followed')
    }
  }
  if (stream === null) return bus.listen(subject, (_subject, data) => void handle(data))
  return bus.follow({ stream, subject, from }, message => handle(message.data))
}

function arrowsWith(service: ServiceName, role: 'consumers' | 'followers'): EventName[] {
  return (Object.keys(flow) as EventName[]).filter(name => arrowOf(name)[role].includes(service))
}

function mustMatch(service: ServiceName, role: 'consumers' | 'followers', given: string[]): void {
  mustBe(service, role, arrowsWith(service, role), given)
}

function mustBe(service: ServiceName, role: string, named: string[], given: string[]): void {
  if ([...named].sort().join() !== [...given].sort().join()) {
    throw new Error(`${role} of ${service} must be [${named}] as in proto/flow.ts, not [${given}]`)
  }
}
