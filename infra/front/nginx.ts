/**
 * The front of a Coverslip made of separate processes: one public origin, an nginx configuration rendered from the
 * routes of proto/api.ts. Tiles go straight to tiles, uploads to ingest, the rest to the gateways.
 *
 *   node infra/front/nginx.ts LISTEN public=HOST:PORT intake=HOST:PORT ingest=… deidentify=… tiles=… > nginx.conf
 */
import { api, type RouteSpec } from '@coverslip/proto/api.ts'
import type { ServiceName } from '@coverslip/proto/services.ts'

export interface Front {
  /** nginx' listen directive: `127.0.0.1:8080`. */
  listen: string
  /**
   * Where each module answers HTTP: one HOST:PORT, several, or (beginning with /) a file of `server` lines. A module that is
   * not there (intake, in the cloud) gets no route.
   */
  upstreams: Partial<Record<ServiceName, string | readonly string[]>>
  /** A folder nginx may write to. */
  work: string
}

/** A location that matches exactly the path template: `/tiles/{id}.dzi` becomes `~ ^/tiles/[^/]+\.dzi$`. */
export function locationOf(path: string): string {
  if (!path.includes('{')) return `= ${path}`
  return `~ "^${path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/]+?')}$"`
}

/**
 * At how many processes of tiles a slide is at home: its readers are shared among them by address, so that one slide that a
 * whole lecture looks at does not hang on one process.
 */
const HOMES = 2

/** Lines of `split_clients` that make so many equal shares, named by numbers. */
export function sharesOf(homes: number): string {
  const each = Array.from({ length: homes - 1 }, (_, i) => `${Math.floor(10_000 / homes) / 100}% ${i};`)
  return [...each, `* ${homes - 1};`].join(' ')
}

/**
 * Requests about one slide go to the same processes of tiles, which then have its index and its tiles at hand; anything else
 * goes anywhere. Where a process comes or goes, only its own slides move.
 */
const AFFINITY = `  map $uri $slide { "~^/(?:tiles|iiif/[23]|api/slides|dicomweb/studies)/(?<id>[^/]+?)(?:\\.dzi)?(?:/|$)" $id; default $request_id; }
  split_clients "$remote_addr" $share { ${sharesOf(HOMES)} }`

function poolOf(name: string, addresses: string | readonly string[]): string {
  const servers =
    typeof addresses === 'string' && addresses.startsWith('/')
      ? `include ${addresses};`
      : [addresses]
          .flat()
          .map(address => `server ${address};`)
          .join(' ')
  return `  upstream ${name} { ${name === 'tiles' ? 'hash $slide$share consistent; ' : ''}${servers} keepalive 64; }`
}

/** The whole configuration. Bodies and answers are passed on as they come: uploads and downloads are large. */
export function renderFront({ listen, upstreams, work }: Front): string {
  const routed = new Map<string, RouteSpec>()
  for (const route of api) if (upstreams[route.module]) routed.set(route.path, route)
  const locations = [...routed.values()].map(
    ({ path, module }) => `    location ${locationOf(path)} { proxy_pass http://${module}; }`,
  )
  const pools = Object.entries(upstreams).map(([name, addresses]) => poolOf(name, addresses))
  return `worker_processes auto;
pid ${work}/nginx.pid;
error_log ${work}/error.log warn;
events { worker_connections 4096; }
http {
  # Paths hold random ids only, but who looks at which slide is nobody's business.
  access_log off;
  client_body_temp_path ${work}/body;
  proxy_temp_path ${work}/proxy;
  fastcgi_temp_path ${work}/fastcgi;
  uwsgi_temp_path ${work}/uwsgi;
  scgi_temp_path ${work}/scgi;
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_buffering off;
  proxy_http_version 1.1;
  # A process that went is passed over at once, one that vanished after 2 s; what was begun by it is not begun again.
  proxy_connect_timeout 2s;
  proxy_next_upstream error timeout;
  proxy_next_upstream_tries 3;
  proxy_read_timeout 1h;
  proxy_send_timeout 1h;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $hop;
  map $http_upgrade $hop { default ""; websocket upgrade; }
${AFFINITY}
${pools.join('\n')}
  server {
    listen ${listen};
    error_page 502 504 =503 @away;
    location @away { default_type application/problem+json; add_header Retry-After 2 always; return 503 '{"type":"about:blank","title":"Unavailable","status":503,"detail":"A part of the system is not reachable right now","code":"unavailable"}'; }
${locations.join('\n')}
    location / { default_type application/problem+json; return 404 '{"type":"about:blank","title":"Not found","status":404,"detail":"There is nothing at this address","code":"not-found"}'; }
  }
}
`
}

if (import.meta.main) {
  const [listen, ...pairs] = process.argv.slice(2)
  if (!listen || pairs.length === 0) {
    process.stderr.write('usage: node infra/front/nginx.ts LISTEN MODULE=HOST:PORT…\n')
    process.exit(2)
  }
  const upstreams = Object.fromEntries(pairs.map(pair => pair.split('=', 2) as [string, string]))
  process.stdout.write(renderFront({ listen, upstreams, work: process.env.FRONT_WORK ?? '/tmp' }))
}
