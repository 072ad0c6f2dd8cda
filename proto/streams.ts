/** What the bus calls the events of the flow: subjects, consumers, and the streams that keep them. */
import { type EventName, flow } from './flow.ts'
import type { ServiceName } from './services.ts'

/** How long streams keep their events. Revocations outlive the longest token (366 days). */
const STREAM_AGE_DAYS = { INTAKE: 30, SLIDES: 365, PYRAMID: 7, ANNOTATIONS: 7, ACCESS: 400 } as const

/** The subject of an event made at a site: `slides.<site>.received`. `*` as the site matches every site. */
export function subjectOf(event: EventName, site: string): string {
  const [what, ...happened] = event.split('.')
  return `${what}.${site}.${happened.join('.')}`
}

/** The durable name of a service's consumer of an event: `tiles-slides-tiled`. */
export function consumerName(service: ServiceName, event: EventName): string {
  return `${service}-${event.replaceAll(/[._]/g, '-')}`
}

/** The streams with the subjects that each keeps, as the bus wants them. */
export function streams(): { name: string; subjects: string[]; maxAgeMs: number }[] {
  const byStream = new Map<keyof typeof STREAM_AGE_DAYS, string[]>()
  for (const [name, { stream }] of Object.entries(flow)) {
    if (stream) byStream.set(stream, [...(byStream.get(stream) ?? []), subjectOf(name as EventName, '*')])
  }
  return [...byStream].map(([name, subjects]) => ({ name, subjects, maxAgeMs: STREAM_AGE_DAYS[name] * 86_400_000 }))
}
