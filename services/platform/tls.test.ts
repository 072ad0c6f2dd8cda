/** TLS against real servers and between services, with certificates of a made-up authority. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CatalogServiceDefinition } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newSigningKey, readPublicKey } from './auth/token.ts'
import { createVerifier } from './auth/verifier.ts'
import { openBus } from './bus/index.ts'
import { openCache } from './cache/index.ts'
import { openDatabase } from './db/index.ts'
import { openLog } from './log.ts'
import { openObjects } from './objects/index.ts'
import { rpcClients, serveRpc } from './rpc.ts'
import { startTelemetry, type Telemetry } from './telemetry.ts'
import { type Authority, createAuthority } from './testing/authority.ts'
import { s3Missing, startNats, startPostgres, startRedis, startS3, type TestServer } from './testing/servers.ts'
import { type Certificates, certificatesOf, trust } from './tls.ts'

let folder: string
let authority: Authority
let ours: Certificates
/** Of somebody else, with the same names. */
let theirs: Certificates
const NAMES = ['localhost', '127.0.0.1']
const stops: (() => unknown)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-tls-'))
  // PostgreSQL reads them as another user.
  await chmod(folder, 0o755)
  authority = await createAuthority(join(folder, 'ours'))
  ours = await authority.issue('service', NAMES)
  theirs = await (await createAuthority(join(folder, 'theirs'))).issue('service', NAMES)
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const running = async (starting: Promise<TestServer>): Promise<TestServer> => {
  const server = await starting
  stops.push(() => server.stop())
  return server
}
const shown = (url: string, { certFile, keyFile }: Certificates, [cert, key] = ['cert', 'key']): string =>
  `${url}${url.includes('?') ? '&' : '?'}${cert}=${certFile}&${key}=${keyFile}`

describe('certificates between services', () => {
  let telemetry: Telemetry
  const serviceSecret = Buffer.alloc(32, 3)
  const unused = async () => ({})
  const implementation = {
    listSlides: unused,
    deleteSlide: unused,
    getDeidentificationReport: unused,
    getSlide: async () => ({ slide: { name: 'a slide' } }),
  }
  beforeAll(async () => {
    telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
  })
  afterAll(() => telemetry?.close())

  async function serve(certificates: Certificates | undefined): Promise<number> {
    const rpc = { definition: CatalogServiceDefinition, implementation }
    const log = openLog({ service: 'test', level: 'info', destination: join(folder, 'log') })
    const server = await serveRpc({
      modules: [{ service: 'catalog', rpc }],
      addresses: ['127.0.0.1:0'],
      verifier: createVerifier(readPublicKey(newSigningKey())),
      serviceSecret,
      telemetry,
      log,
      certificates,
    })
    stops.push(() => server.stop())
    return server.port!
  }
  async function ask(port: number, certificates: Certificates | undefined, host = 'localhost'): Promise<string> {
    const clients = rpcClients({ addressOf: () => `dns:///${host}:${port}`, serviceSecret, telemetry, certificates })
    stops.push(() => clients.close())
    const client = clients.client('public', 'catalog', CatalogServiceDefinition)
    return (await client.getSlide({ slideId: 'x' }, { timeoutMs: 3000 })).slide!.name
  }

  it('of the same authority let them talk', async () => {
    expect(await ask(await serve(ours), await authority.issue('caller', ['caller']))).toBe('a slide')
  })

  it('of another authority are refused, by either side, and so is having none', async () => {
    const port = await serve(ours)
    const elsewhere = await serve(theirs)
    const refused = { code: 'unavailable' }
    await expect(ask(port, theirs)).rejects.toMatchObject(refused)
    await expect(ask(port, { ...theirs, caFile: ours.caFile })).rejects.toMatchObject(refused)
    await expect(ask(elsewhere, ours)).rejects.toMatchObject(refused)
    await expect(ask(port, undefined)).rejects.toMatchObject(refused)
    await expect(ask(await serve(undefined), ours)).rejects.toMatchObject(refused)
  })

  it('are for the name by which a service is called', async () => {
    const port = await serve(await authority.issue('other', ['slides-tiles-grpc.coverslip.svc']))
    await expect(ask(port, ours)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('are read again when they are renewed', async () => {
    const own = await authority.issue('renewed', ['soon.example'])
    const port = await serve({ ...own, refreshMs: 100 })
    await expect(ask(port, ours)).rejects.toMatchObject({ code: 'unavailable' })
    await authority.issue('renewed', NAMES)
    await expect.poll(() => ask(port, ours).catch(() => ''), { timeout: 10_000 }).toBe('a slide')
  })
})

describe('servers that want TLS and certificates', () => {
  it('NATS', async () => {
    const { url } = await running(startNats(await authority.issue('nats', NAMES)))
    trust(authority.caFile)
    const bus = await openBus(shown(url, ours), {})
    await bus.ready()
    await bus.close()
  })

  it('Redis', async () => {
    const { url } = await running(startRedis(await authority.issue('redis', NAMES)))
    trust(authority.caFile)
    const open = async (address: string) => {
      const cache = await openCache(address)
      stops.push(() => cache.close())
      return cache
    }
    const cache = await open(shown(url, ours))
    await expect.poll(() => cache.ready().then(() => 'ready', String), { timeout: 10_000 }).toBe('ready')
    await cache.set('a', Buffer.from('b'))
    expect(await cache.get('a')).toEqual(Buffer.from('b'))
    const stranger = await open(shown(url, theirs))
    await new Promise(resolve => setTimeout(resolve, 500))
    await expect(stranger.ready()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('PostgreSQL', async () => {
    const { url } = await running(startPostgres(await authority.issue('postgres', NAMES)))
    trust(authority.caFile)
    const secure = `${url}?sslmode=verify-full`
    const database = await openDatabase(shown(secure, ours, ['sslcert', 'sslkey']))
    stops.push(() => database.close())
    await expect.poll(() => database.ready().then(() => 'ready', String), { timeout: 20_000 }).toBe('ready')
    const { query } = await database.open('test', [])
    const { rows } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(
      query,
    )
    expect(rows).toEqual([{ ssl: true }])
    for (const address of [url, shown(secure, theirs, ['sslcert', 'sslkey'])]) {
      const stranger = await openDatabase(address)
      await expect(stranger.ready()).rejects.toThrow()
      await stranger.close()
    }
  })

  const missing = s3Missing()
  it.skipIf(missing)(`S3${missing ? ` (skipped: ${missing})` : ''}`, async () => {
    const started = await startS3(await authority.issue('s3', NAMES))
    if ('missing' in started) throw new Error(started.missing)
    stops.push(() => started.server.stop())
    trust(authority.caFile)
    const objects = await openObjects(started.server.url)
    await objects.ready()
    await objects.close()
  })
})

describe('settings', () => {
  it('name files that are there, all or none', async () => {
    const of = (ca: string, cert: string, key: string) =>
      certificatesOf({ TLS_CA_FILE: ca, TLS_CERT_FILE: cert, TLS_KEY_FILE: key })
    expect(of('', '', '')).toBeUndefined()
    expect(of(ours.caFile, '', '')).toBeUndefined()
    expect(of(ours.caFile, ours.certFile, ours.keyFile)).toEqual(ours)
    expect(() => of(ours.caFile, ours.certFile, '')).toThrow('TLS_KEY_FILE')
    expect(() => of('', ours.certFile, ours.keyFile)).toThrow('TLS_CA_FILE')
    expect(() => of(join(folder, 'none'), '', '')).toThrow('TLS_CA_FILE: the file cannot be read')
  })
})
