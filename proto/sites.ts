/** Two sites: which services stay at the hospital, and which events cross between it and the cloud. */
import { type Arrow, type EventName, flow } from './flow.ts'
import { calls, type ServiceName } from './services.ts'
import { subjectOf } from './streams.ts'

/** The site that knows nothing of patients. Any other name is a hospital's. */
export const CLOUD = 'cloud'

const arrows = (): [EventName, Arrow<never>][] => Object.entries(flow) as unknown as [EventName, Arrow<never>][]

/** A service that has a part in what must not leave the site, or that calls one that has, stays at the hospital. */
export function onPremOnly(): Set<ServiceName> {
  const kept = new Set<ServiceName>()
  for (const [, { leaves, producers, consumers, followers }] of arrows()) {
    if (!leaves) for (const name of [...producers, ...consumers, ...followers]) kept.add(name)
  }
  for (const callee of [...kept]) for (const caller of calls[callee]) kept.add(caller)
  return kept
}

/** An event that goes from the site where it is made to another. */
export interface Crossing {
  event: EventName
  subject: string
  /** Null: told to whoever listens, kept nowhere. */
  stream: string | null
}

/** What goes from one site to another: what may leave, is made here, and is acted on there. */
export function crossings(from: string, to: string): Crossing[] {
  const kept = onPremOnly()
  const runsAt = (site: string, name: ServiceName): boolean => site !== CLOUD || !kept.has(name)
  return arrows()
    .filter(([, { leaves, site, producers, consumers, followers, atHome = [] }]) => {
      const made = (site === 'either' || from !== CLOUD) && producers.some(name => runsAt(from, name))
      const heard = [...consumers, ...followers].some(name => !atHome.includes(name) && runsAt(to, name))
      return leaves && made && heard
    })
    .map(([event, { stream }]) => ({ event, stream, subject: subjectOf(event, from) }))
}

/** The durable name of what takes an event to a hospital's other site, or brings it from there: `link-onprem-slides-tiled`. */
export const linkName = (hospital: string, event: EventName): string =>
  `link-${hospital}-${event.replaceAll(/[._]/g, '-')}`
