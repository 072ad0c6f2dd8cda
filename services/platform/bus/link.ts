/**
 * Two sites: events that may leave go to the other site, and its own come here. Everything is begun at this site (the
 * hospital's): the other one can ask for nothing. See infra/decisions/010.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Crossing, crossings, linkName } from '@coverslip/proto/sites.ts'
import type { Report } from './follow.ts'
import type { Bus, BusMessage, ConsumerSpec, Subscription } from './port.ts'

export interface LinkedBus {
  /** The site's name. */
  site: string
  bus: Bus
}

export interface Link {
  /** Crossings that wait for the other site at this moment; 0 when all is well. */
  waiting(): number
  stop(): Promise<void>
}

const RETRY_MS = 1000

/**
 * Carries events both ways for as long as the process lives; returns at once, also while the other site is away. Several processes may
 * do so together.
 */
export function startLink(here: LinkedBus, there: LinkedBus, report: Report): Link {
  const stopping = new AbortController()
  const waiting = new Set<Crossing>()
  const ways = [
    ...crossings(here.site, there.site).map(crossing => ({ crossing, from: here.bus, to: there.bus })),
    ...crossings(there.site, here.site).map(crossing => ({ crossing, from: there.bus, to: here.bus })),
  ]
  const carried = ways.map(async ({ crossing, from, to }) => {
    /** Tries until it has passed: what is behind it must not overtake it. One line in the log when that begins. */
    const persist = async <Result>(
      signal: AbortSignal,
      work: (attempt: number) => Promise<Result>,
    ): Promise<Result> => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const result = await work(attempt)
          waiting.delete(crossing)
          return result
        } catch (error) {
          if (!waiting.has(crossing)) report(`events wait for the other site: ${crossing.event}`, error)
          waiting.add(crossing)
          await sleep(RETRY_MS, undefined, { signal })
        }
      }
    }
    const carry = (message: BusMessage, signal: AbortSignal) =>
      persist(AbortSignal.any([signal, stopping.signal]), attempt => pass(to, crossing, message, attempt))
    return persist(stopping.signal, () => subscribe(from, to, { crossing, hospital: here.site, carry }))
  })
  return {
    waiting: () => waiting.size,
    async stop() {
      stopping.abort(new Error('the link stops'))
      const subscriptions = await Promise.allSettled(carried)
      await Promise.all(subscriptions.map(one => (one.status === 'fulfilled' ? one.value.stop() : undefined)))
    },
  }
}

interface Way {
  crossing: Crossing
  hospital: string
  carry(message: BusMessage, signal: AbortSignal): Promise<void>
}

function subscribe(from: Bus, to: Bus, { crossing, hospital, carry }: Way): Promise<Subscription> {
  const { event, subject, stream } = crossing
  if (stream === null) return from.listen(subject, (told, data) => void to.signal(told, data).catch(() => {}))
  const spec: ConsumerSpec = {
    stream,
    subject,
    name: linkName(hospital, event),
    // An event that was lost on its way here comes again after that.
    ackWaitMs: 5000,
    // An event is never given up: it waits until it has crossed.
    maxDeliver: Number.MAX_SAFE_INTEGER,
    backoffMs: [RETRY_MS],
    concurrency: 1,
    inOrder: true,
  }
  return from.consume(spec, carry, async (_message, error) => {
    throw error
  })
}

/**
 * An answer that was lost with the connection leaves it open whether the event is stored. Only the link writes on this
 * subject there, one event at a time: so it is stored if it is the newest, however long the sites were apart.
 */
async function pass(to: Bus, crossing: Crossing, message: BusMessage, attempt: number): Promise<void> {
  const { id, subject, data, headers, deliveryCount } = message
  const again = attempt > 1 || deliveryCount > 1
  if (again && (await to.newestId(crossing.stream!, subject)) === id) return
  await to.publish(subject, data, { id, headers })
}
