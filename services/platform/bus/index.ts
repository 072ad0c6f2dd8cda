/** The buses by URL scheme; the first is the default. */
import type { Database } from '../db/port.ts'
import type { Report } from './follow.ts'
import type { Bus } from './port.ts'

export interface BusDeps {
  /** Where an embedded bus keeps its messages; others need none. */
  database?: Database | undefined
  /** Told of failures that nobody awaits: of followers, and of the bus itself. */
  report?: Report
  /** The JetStream domain of another site, reached by a leaf node of the server. */
  domain?: string
}

type Open = (url: string, deps: Required<Pick<BusDeps, 'report'>> & BusDeps) => Promise<Bus>

const nats: Open = async (url, { report, domain }) => (await import('./nats.ts')).openNats(url, report, domain)

const adapters: Record<string, Open> = {
  embedded: async (_url, { database, report }) => {
    if (database === undefined) throw new Error('an embedded bus needs a database')
    return (await import('./embedded.ts')).openEmbedded(database, report)
  },
  nats,
  tls: nats,
}

/**
 * `embedded:` or `nats://user:password@host:4222,host2:4222?replicas=3` (`tls://` with TLS).
 * @throws Error for another scheme; ServiceError `unavailable` when no server answers for 30 s.
 */
export async function openBus(url: string, { report = () => {}, ...deps }: BusDeps): Promise<Bus> {
  const open = adapters[url.slice(0, url.indexOf(':'))]
  if (open === undefined) throw new Error(`no bus adapter for this URL; known: ${Object.keys(adapters).join(', ')}`)
  return open(url, { ...deps, report })
}
