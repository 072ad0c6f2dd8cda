/** What the platform tells of itself at each scrape: its servers, what waits in outboxes and for consumers. */
import type { EventName } from '@coverslip/proto/flow.ts'
import type { ServiceName } from '@coverslip/proto/services.ts'
import type { Bus, ConsumerSpec } from './bus/port.ts'
import type { Histogram } from './metrics.ts'
import type { Relay } from './outbox.ts'
import type { Telemetry } from './telemetry.ts'

const ANSWER_MS = 1500
/** Within which one look serves all gauges of a scrape. */
const SAME_SCRAPE_MS = 500

/** Whether each server answers; also those whose absence nobody would notice soon (cache, stage). */
export function observeServers(telemetry: Telemetry, servers: ReadonlyMap<string, { ready(): Promise<void> }>): void {
  for (const [server, { ready }] of servers) {
    telemetry.gauge(
      'coverslip_server_up',
      'Whether a server that this process needs answers it: 1 or 0',
      () => answers(ready),
      { 'coverslip.server': server },
    )
  }
}

async function answers(ready: () => Promise<void>): Promise<0 | 1> {
  const late = Promise.withResolvers<0>()
  const timer = setTimeout(late.resolve, ANSWER_MS, 0)
  const up = ready().then(
    () => 1 as const,
    () => 0 as const,
  )
  return Promise.race([up, late.promise]).finally(() => clearTimeout(timer))
}

export function observeOutbox(telemetry: Telemetry, service: ServiceName, relay: Pick<Relay, 'backlog'>): void {
  const look = onceAScrape(() => relay.backlog())
  const attributes = { 'coverslip.service': service }
  telemetry.gauge(
    'coverslip_outbox_events',
    'Events saved but not yet relayed to the bus',
    async () => (await look()).events,
    attributes,
  )
  telemetry.gauge(
    'coverslip_outbox_oldest_seconds',
    'For how long the oldest event in the outbox has waited',
    async () => (await look()).oldestSeconds,
    attributes,
  )
}

/** How the handling of an event ended: `retry` comes again, `failed` does not. */
export type Handled = 'done' | 'retry' | 'failed'

export interface ConsumerMeter {
  handled(outcome: Handled, seconds: number): void
  /** @param code why the event was put aside */
  died(code: string): void
}

const SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800]
/** Codes of events that died by a fault of ours or of the installation, not by what a slide is. */
const FAULTS = ['internal', 'unavailable', 'storage-full'] as const

/** Every replica tells of the whole queue of its consumer: for a sum take the highest of them. */
export function observeConsumer(
  telemetry: Telemetry,
  bus: Bus,
  service: ServiceName,
  event: EventName,
  consumer: ConsumerSpec,
): ConsumerMeter {
  const attributes = { 'coverslip.service': service, 'messaging.destination.name': event }
  const look = onceAScrape(() => bus.backlog(consumer))
  telemetry.gauge(
    'coverslip_events_waiting',
    'Events that wait for a consumer or are in its work',
    async () => (await look()).messages,
    attributes,
  )
  telemetry.gauge(
    'coverslip_events_oldest_seconds',
    'Age of the oldest event that a consumer has not done',
    async () => (await look()).oldestMs / 1000,
    attributes,
  )
  const seconds: Histogram = telemetry.histogram('coverslip_event_seconds', 'Time to handle an event', 's', SECONDS)
  const dead = telemetry.counter(
    'coverslip_events_dead_total',
    'Events that were put aside, by the reason',
    FAULTS.map(code => ({ ...attributes, 'error.type': code })),
  )
  return {
    handled: (outcome, time) => seconds.record(time, { ...attributes, 'coverslip.outcome': outcome }),
    died: code => dead.add(1, { ...attributes, 'error.type': code }),
  }
}

function onceAScrape<Value>(look: () => Promise<Value>): () => Promise<Value> {
  let last: { at: number; value: Promise<Value> } | undefined
  return () => {
    const now = performance.now()
    if (!last || now - last.at > SAME_SCRAPE_MS) last = { at: now, value: look() }
    return last.value
  }
}
