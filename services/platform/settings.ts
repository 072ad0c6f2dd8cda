/** The settings that every process has: where it listens, where its adapters are, its keys. */
import { z } from 'zod'
import { duration, flag, integer, type Settings, text, urlOf, type ValuesOf } from './config.ts'

const optionalPort: z.ZodType<number | undefined, string> = z.string().transform((value, context) => {
  if (value === '') return undefined
  const port = Number(value)
  if (/^\d+$/.test(value) && port <= 65_535) return port
  context.addIssue('expected a port from 0 to 65535, or nothing')
  return z.NEVER
})

export const platformSettings = {
  SITE: {
    type: z.string().regex(/^[a-z][a-z0-9]*$/, 'expected lower-case letters and digits'),
    default: 'onprem',
    help: "This site's name, the second token of event subjects; `cloud` refuses everything of intake",
  },
  PORT: { type: integer(0, 65_535), default: '8080', help: 'HTTP: API, tiles, viewer; 0 takes any free port' },
  HOST: { type: text, default: '127.0.0.1', help: 'Address of the HTTP port; 0.0.0.0 for all' },
  PUBLIC_URL: {
    type: z
      .string()
      .refine(
        value => value === '' || /^https?:\/\/[^/]+$/.test(value),
        'expected an origin such as https://slides.example.org',
      ),
    default: '',
    help: 'The address that browsers use; empty: http://localhost:PORT',
  },
  METRICS_PORT: {
    type: optionalPort,
    default: '',
    help: '/metrics, /healthz and /readyz; empty: PORT + 1, or any free port when that is taken',
  },
  METRICS_HOST: { type: text, default: '127.0.0.1', help: 'Address of the metrics port' },
  RPC_PORT: { type: optionalPort, default: '', help: 'gRPC; empty: PORT + 2, or any free port when that is taken' },
  RPC_HOST: { type: text, default: '127.0.0.1', help: 'Address of the gRPC port' },
  COVERSLIP_DATA: { type: text, default: './data', help: 'Folder of all state kept in files' },
  SCRATCH_DIR: { type: text, default: '{data}/scratch', help: 'Folder of temporary files, emptied at start' },
  DATABASE_URL: {
    type: urlOf('pglite', 'postgres', 'postgresql'),
    default: 'pglite:{data}/db',
    help: 'Database: `pglite:FOLDER` or `postgres://…`; `?sslmode=verify-full` with TLS, `&sslcert=FILE&sslkey=FILE` shows a certificate',
    secret: true,
  },
  BUS_URL: {
    type: urlOf('embedded', 'nats', 'tls'),
    default: 'embedded:',
    help: 'Events: `embedded:` (in the database) or `nats://…` (JetStream), `tls://…` with TLS; `?cert=FILE&key=FILE` shows a certificate',
    secret: true,
  },
  LINK_SITE: {
    type: z.string().regex(/^[a-z][a-z0-9]*$/, 'expected lower-case letters and digits'),
    default: 'cloud',
    help: "The other site's name, and the JetStream domain of its NATS",
  },
  LINK_URL: {
    type: z.string().regex(/^$|^(nats|tls):/, 'expected nats://user:password@host:port, or nothing'),
    default: '',
    help: "At the hospital, in one of its services: this site's NATS with the user of the link, `nats://link:…@host:4222`; events then cross to the other site and back (infra/sites). Empty: there is one site",
    secret: true,
  },
  CACHE_URL: {
    type: urlOf('memory', 'redis', 'rediss'),
    default: 'memory:',
    help: 'Cache: `memory:` or `redis://…`, `rediss://…` with TLS; `?cert=FILE&key=FILE` shows a certificate',
    secret: true,
  },
  CACHE_STRICT: {
    type: flag,
    default: '',
    help: 'Refuse to start when the Redis of CACHE_URL has no `maxmemory` or another policy than `allkeys-lfu`; otherwise the log and /readyz say so',
  },
  OBJECTS_SOURCE_URL: {
    type: urlOf('file', 's3'),
    default: 'file:{data}/source',
    help: 'Sources as received, with patient data: `file:FOLDER` or `s3://BUCKET/PREFIX?endpoint=…&region=…`',
    secret: true,
  },
  OBJECTS_ORIGINAL_URL: {
    type: urlOf('file', 's3', 'none'),
    default: 'file:{data}/original',
    help: 'De-identified originals; `none:` at a site that keeps none, where slides are viewed from their pyramids only',
    secret: true,
  },
  OBJECTS_PYRAMID_URL: { type: urlOf('file', 's3'), default: 'file:{data}/pyramid', help: 'Pyramids', secret: true },
  OBJECTS_STAGE_URL: {
    type: urlOf('none', 'file', 's3'),
    default: 'none:',
    help: 'Copies of pyramids near the readers, best on a NAS: `file:FOLDER`; none: tiles are read from the pyramids themselves',
    secret: true,
  },
  RPC_ACCESS_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_ANNOTATIONS_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_CATALOG_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_DEIDENTIFY_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_INGEST_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_PYRAMID_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_SUBJECTS_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  RPC_TILES_URL: { type: urlOf('self', 'dns'), default: 'self:', help: '`self:` or `dns:///host:port`' },
  TLS_CA_FILE: {
    type: text,
    default: '',
    help: "Authorities (PEM) that every connection trusts beside Node's own: those of your servers, and of the services among themselves",
  },
  TLS_CERT_FILE: {
    type: text,
    default: '',
    help: 'Certificate (PEM) of this process. With it, gRPC between services is TLS in both directions: callers show theirs, names are checked. All services have one or none has',
  },
  TLS_KEY_FILE: { type: text, default: '', help: 'Its private key (PEM)' },
  SIGNING_KEY: {
    type: text,
    default: '',
    help: 'Ed25519 private key (PEM) that signs tokens; only access has it. Empty without VERIFY_KEY: made and kept in COVERSLIP_DATA',
    secret: true,
  },
  VERIFY_KEY: {
    type: text,
    default: '',
    help: 'Ed25519 public key (PEM) that verifies tokens; empty: taken from SIGNING_KEY',
    secret: true,
  },
  SERVICE_SECRET: {
    type: text,
    default: '',
    help: 'Shared by the services, proves who calls (32 characters or more). Empty: made and kept in COVERSLIP_DATA',
    secret: true,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: { type: text, default: '', help: 'Where traces go (OTLP over HTTP); empty: nowhere' },
  LOG_LEVEL: {
    type: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    help: 'trace, debug, info, warn, error or silent',
  },
  LOG_FILE: { type: text, default: '', help: 'File for the log instead of standard output' },
  DRAIN_TIMEOUT: {
    type: duration,
    default: '10s',
    help: 'At a stop, how long work in hand may take before it is given back',
  },
} satisfies Settings

export type PlatformConfig = ValuesOf<typeof platformSettings>
