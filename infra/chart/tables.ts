/**
 * What the chart knows of the services, taken from the contracts and the modules themselves: who calls whom, who keeps
 * what where, which site each belongs to, which paths lead to it. Nothing of this is written by hand in the chart.
 */

import { modules } from '@coverslip/all/modules.ts'
import type { Setting } from '@coverslip/platform/config.ts'
import { platformSettings } from '@coverslip/platform/settings.ts'
import { api, type RouteSpec } from '@coverslip/proto/api.ts'
import { type Arrow, type EventName, flow } from '@coverslip/proto/flow.ts'
import { calls, folderOf, type ServiceName } from '@coverslip/proto/services.ts'
import { onPremOnly } from '@coverslip/proto/sites.ts'
import { consumerName } from '@coverslip/proto/streams.ts'
import { renderFront } from '../front/nginx.ts'

export interface ServiceRow {
  /** Path of its main.ts in the image. */
  main: string
  /** The sites at which it may run. */
  sites: ('onprem' | 'cloud')[]
  /** Whether it keeps rows. */
  database: boolean
  /** Whether it uses the shared cache. */
  cache: boolean
  /** The object stores that it is given. */
  stores: Record<string, 'read' | 'write'>
  calls: ServiceName[]
  calledBy: ServiceName[]
  /** Whether it answers HTTP to the world. */
  http: boolean
  /** Path prefixes that belong to it alone and go past the front, since much flows there. */
  prefixes: string[]
  /** Secret settings of its own. */
  secrets: string[]
  /** Its durable consumers, whose lag says how much waits for it. */
  queues: { stream: string; consumer: string }[]
}

/** Modules do not declare the cache (each process has one, in memory at least): these share theirs. */
const CACHED: readonly string[] = ['tiles']
/** Through these flow bytes, not documents: nothing stands between them and the ingress. */
const DIRECT: readonly string[] = ['tiles', 'ingest']
/** What a module with nothing but the settings of every process has: set by the chart, not by the operator. */
const BY_CHART =
  /^(SITE|(RPC_|METRICS_)?(PORT|HOST)|PUBLIC_URL|COVERSLIP_DATA|SCRATCH_DIR|RPC_\w+_URL|LOG_FILE|LINK_SITE|DRAIN_TIMEOUT|OTEL_\w+|TRUST_PROXY|TLS_\w+|OIDC_(ISSUER|CLIENT_ID|NAME|ROLES))$/

const arrows = (): [EventName, Arrow<never>][] => Object.entries(flow) as unknown as [EventName, Arrow<never>][]
const names = (): ServiceName[] => (Object.keys(calls) as ServiceName[]).sort()

/** The rows by service, in the order of their names. */
export function serviceRows(): Record<string, ServiceRow> {
  const kept = onPremOnly()
  return Object.fromEntries(
    modules
      .map((module): [ServiceName, ServiceRow] => [
        module.name,
        {
          main: `services/${folderOf(module.name)}${folderOf(module.name) === module.name ? '' : `/${module.name}`}/main.ts`,
          sites: kept.has(module.name) ? ['onprem'] : ['onprem', 'cloud'],
          database: module.migrations !== undefined,
          cache: CACHED.includes(module.name),
          stores: { ...module.objects },
          calls: names().filter(name => calls[name].includes(module.name)),
          calledBy: [...calls[module.name]].sort(),
          http: api.some(route => route.module === module.name),
          prefixes: DIRECT.includes(module.name) ? ownPrefixes(module.name, api) : [],
          secrets: Object.entries(module.config as Record<string, Setting>).flatMap(([name, { secret }]) =>
            secret ? [name] : [],
          ),
          queues: arrows().flatMap(([event, { stream, consumers }]) =>
            stream && consumers.includes(module.name) ? [{ stream, consumer: consumerName(module.name, event) }] : [],
          ),
        },
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** The shortest literal prefixes below which every route is the module's. */
export function ownPrefixes(module: ServiceName, routes: readonly Pick<RouteSpec, 'path' | 'module'>[]): string[] {
  const literal = (path: string): string[] => {
    const segments = path.split('/').slice(1)
    const variable = segments.findIndex(segment => segment.includes('{'))
    return variable < 0 ? segments : segments.slice(0, variable)
  }
  const found = new Set<string>()
  for (const route of routes.filter(one => one.module === module)) {
    const segments = literal(route.path)
    const prefixes = segments.map((_, i) => `/${segments.slice(0, i + 1).join('/')}`)
    const own = prefixes.find(prefix =>
      routes.every(one => one.module === module || !(one.path === prefix || one.path.startsWith(`${prefix}/`))),
    )
    if (own) found.add(own)
  }
  return [...found].sort()
}

/** What an operator may set of a service, by name; secrets and what the chart itself sets are not among them. */
export function openSettings(): Record<string, Record<string, Setting>> {
  return Object.fromEntries(
    modules.map(module => [
      module.name,
      Object.fromEntries(
        Object.entries({ ...platformSettings, ...module.config } as Record<string, Setting>).filter(
          ([name, { secret }]) => !secret && !BY_CHART.test(name),
        ),
      ),
    ]),
  )
}

/**
 * The front's configuration at a site: its servers are lists of pods that files/front.sh keeps. As many processes as nodes
 * have cores would be many where nodes are large; those of a list before end with their last connection, or after a while.
 */
export function frontConf(site: 'onprem' | 'cloud'): string {
  const here = Object.entries(serviceRows()).filter(([, { sites, http }]) => http && sites.includes(site))
  const upstreams = Object.fromEntries(here.map(([name]) => [name, `/tmp/servers/${name}`]))
  return renderFront({ listen: '8080', upstreams, work: '/tmp' })
    .replace('worker_processes auto;', 'worker_processes 2;\nworker_shutdown_timeout 10m;')
    .replace('error_log /tmp/error.log', 'error_log stderr')
    .replace('  access_log off;', '  access_log off;\n  include /tmp/servers/patience;\n  # TRUSTED')
    .replace(/\}\n$/, '  server { listen 8081; location = /healthz { return 200; } }\n}\n')
}
