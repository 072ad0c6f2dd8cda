/** A process per service, two of pyramid, on real servers, behind the project's own front. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from '@coverslip/platform/testing/authority.ts'
import { dumpPostgres } from '@coverslip/platform/testing/dump.ts'
import { freePort } from '@coverslip/platform/testing/ports.ts'
import { requireProgram, startServer, type TestServer } from '@coverslip/platform/testing/process.ts'
import { startNats, startPostgres, startRedis, startS3 } from '@coverslip/platform/testing/servers.ts'
import { objectsIn } from '@coverslip/platform/testing/stored.ts'
import pg from 'pg'
import { type Front, renderFront } from '../../infra/front/nginx.ts'
import { KEEPERS, rolesSql } from '../../infra/postgres/roles.ts'
import { startCollector } from './collector.ts'
import { startNode } from './node-process.ts'
import type { Shape } from './shape.ts'

const SERVICES = [
  'access',
  'catalog',
  'annotations',
  'subjects',
  'ingest',
  'deidentify',
  'pyramid',
  'tiles',
  'intake',
  'public',
] as const
type Service = (typeof SERVICES)[number]
/** Two workers build pyramids together; each slide of some size is cut into parts. */
const PROCESSES = [...SERVICES.map(service => [service, service] as const), ['pyramid-2', 'pyramid'] as const]
const MAINS: Partial<Record<Service, string>> = {
  public: 'services/gateway/public/main.ts',
  intake: 'services/gateway/intake/main.ts',
}

/** Each service gets what it needs and no more: only access signs, each has its own database role. They speak TLS to each other. */
export async function startSeparate(settings: Record<string, string> = {}): Promise<Shape> {
  const data = await mkdtemp(join(tmpdir(), 'coverslip-e2e-'))
  const [nats, redis, postgres, s3] = await Promise.all([startNats(), startRedis(), startPostgres(), startS3()])
  const servers: Shape['servers'] = { nats, redis, postgres, ...('server' in s3 ? { s3: s3.server } : {}) }
  const password = randomBytes(12).toString('hex')
  await prepareDatabase(postgres.url, password)
  const keys = await writeKeys(data)
  const authority = await createAuthority(join(data, 'certificates'))
  const { caFile, certFile, keyFile } = await authority.issue('service', ['127.0.0.1'])
  const collector = await startCollector()
  const ports = Object.fromEntries(await Promise.all(SERVICES.map(async name => [name, await freePort()]))) as Record<
    Service,
    number
  >
  const frontPort = await freePort()
  const objects = (kind: string): string =>
    's3' in servers && 'server' in s3
      ? s3.server.url.replace('@bucket?', `@coverslip-${kind}?`)
      : `file:${join(data, kind)}`
  const environment = (process: string, name: Service): Record<string, string> => ({
    COVERSLIP_DATA: join(data, process),
    OWNER_TOKEN_FILE: join(data, 'owner-token'),
    PUBLIC_URL: `http://127.0.0.1:${frontPort}`,
    METRICS_PORT: '0',
    RPC_PORT: process === name ? String(ports[name]) : '0',
    LOG_FILE: join(data, `${process}.jsonl`),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    INGEST_DUPLICATES: 'keep',
    LEDGER_PERSON_AGE: '0s',
    DATABASE_URL: databaseUrl(postgres.url, name, password),
    BUS_URL: nats.url,
    CACHE_URL: redis.url,
    OBJECTS_SOURCE_URL: objects('source'),
    OBJECTS_ORIGINAL_URL: objects('original'),
    OBJECTS_PYRAMID_URL: objects('pyramid'),
    SERVICE_SECRET_FILE: keys.secret,
    REVIEW_GATE: 'off',
    PYRAMID_PART_SIZE: '2048',
    PYRAMID_THREADS: '1',
    ...(name === 'access' ? { SIGNING_KEY_FILE: keys.signing } : { VERIFY_KEY_FILE: keys.verify }),
    ...Object.fromEntries(
      SERVICES.map(other => [`RPC_${other.toUpperCase()}_URL`, `dns:///127.0.0.1:${ports[other]}`]),
    ),
    TLS_CA_FILE: caFile,
    TLS_CERT_FILE: certFile,
    TLS_KEY_FILE: keyFile,
    ...settings,
  })
  const processes = new Map<string, TestServer>()
  // Two at a time: each start is a second of one core.
  for (const pair of pairs(PROCESSES)) {
    await Promise.all(
      pair.map(async ([process, name]) => {
        const main = MAINS[name] ?? `services/${name}/main.ts`
        processes.set(process, await startNode(process, main, () => environment(process, name)))
      }),
    )
  }
  const upstreams = Object.fromEntries([...processes].map(([name, { url }]) => [name, url.replace('http://', '')]))
  const front = await startFront(data, frontPort, upstreams)
  return {
    name: 'separate processes',
    url: `http://127.0.0.1:${frontPort}`,
    token: (await readFile(join(data, 'owner-token'), 'utf8')).trim(),
    signingKey: keys.signing,
    logs: PROCESSES.map(([process]) => join(data, `${process}.jsonl`)),
    processes: PROCESSES.map(([process]) => process),
    pid: name => processes.get(name)!.pid(),
    kill: name => processes.get(name)!.kill(),
    restart: name => processes.get(name)!.restart(),
    servers,
    folders: { data },
    objects: (store, slideId) => objectsIn(objects(store), slideId),
    dump: () => dumpPostgres(postgres.url),
    spans: collector.spans,
    async stop() {
      await front.stop()
      await Promise.all([...processes.values()].map(server => server.stop()))
      await collector.stop()
      await Promise.all(Object.values(servers).map(server => (server as TestServer).stop()))
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function prepareDatabase(adminUrl: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  await client.query(rolesSql(() => password))
  await client.end()
}

/** A service without tables gets a role that does not exist: it must never ask. */
function databaseUrl(adminUrl: string, service: Service, password: string): string {
  const url = new URL(adminUrl)
  url.username = (KEEPERS as readonly string[]).includes(service) ? `coverslip_${service}` : 'nobody'
  url.password = password
  return `${url}?pool=5`
}

async function writeKeys(folder: string): Promise<{ signing: string; verify: string; secret: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const paths = {
    signing: join(folder, 'signing.pem'),
    verify: join(folder, 'verify.pem'),
    secret: join(folder, 'secret'),
  }
  await writeFile(paths.signing, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(paths.verify, publicKey.export({ type: 'spki', format: 'pem' }))
  await writeFile(paths.secret, randomBytes(32).toString('base64url'), { mode: 0o600 })
  return paths
}

async function startFront(data: string, port: number, upstreams: Front['upstreams']): Promise<TestServer> {
  const work = join(data, 'front')
  await mkdir(work)
  const file = join(work, 'nginx.conf')
  await writeFile(file, renderFront({ listen: `127.0.0.1:${port}`, upstreams, work }))
  return startServer({
    title: 'nginx',
    url: () => `http://127.0.0.1:${port}`,
    command: () => ({ file: requireProgram('nginx', 'nginx'), args: ['-c', file, '-g', 'daemon off;'] }),
    async probe() {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`)
      if (!answer.ok) throw new Error(`not healthy: ${answer.status}`)
    },
    signal: 'SIGTERM',
  })
}

function pairs<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / 2) }, (_, i) => items.slice(2 * i, 2 * i + 2))
}
