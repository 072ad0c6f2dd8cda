/**
 * Certificates of one authority of one's own for every service, for NATS and Redis, and for the provider at which people sign
 * in: a slide goes all the way, and whoever shows none is turned away.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Authority, createAuthority } from '@coverslip/platform/testing/authority.ts'
import { type OpenIdProvider, startOpenIdProvider } from '@coverslip/platform/testing/openid-provider.ts'
import { trust } from '@coverslip/platform/tls.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser } from '../../services/all/testing/browser.ts'
import { type Client, clientOf, eventually } from '../../services/e2e/client.ts'
import { madeBytes } from '../../services/e2e/suites/made.ts'
import { type Api, openApi } from './api.ts'
import { certificateSecret } from './certificates.ts'
import { nameOf, redisClients, startOwnServers } from './own-servers.ts'
import { install, merged, nodeAddress, type Release } from './release.ts'
import { apply, clusterMissing, kubectl } from './tool.ts'

const missing = clusterMissing()
const NAMESPACE = process.env.COVERSLIP_NAMESPACE ?? 'tls'
const SERVICES = new URL('../../charts/coverslip/files/services.json', import.meta.url)
const PASSWORD = randomBytes(18).toString('hex')
/** Connects to a service as a stranger does, who does not look at its certificate; prints what becomes of it. */
const STRANGER = `
const [host, port] = process.argv.slice(1)
const socket = require('tls').connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
socket.on('error', error => { console.log(error.code); process.exit() })
socket.on('data', () => { console.log('answered'); process.exit() })
socket.on('close', () => { console.log('closed'); process.exit() })
socket.on('secureConnect', () => socket.write('PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\\0\\0\\0\\4\\0\\0\\0\\0\\0'))`

describe.skipIf(missing)(`TLS between services${missing ? ` (${missing})` : ''}`, () => {
  let api: Api
  let folder: string
  let provider: OpenIdProvider
  let release: Release
  let client: Client

  beforeAll(async () => {
    api = await openApi()
    folder = await mkdtemp(join(tmpdir(), 'coverslip-authority-'))
    const authority = await createAuthority(folder)
    trust(authority.caFile)
    const host = await nodeAddress(api)
    provider = await startOpenIdProvider({ host, certificate: await authority.issue('provider', [host]) })
    await giveSecrets(authority, provider)
    const servers = await startOwnServers(NAMESPACE, PASSWORD, {
      nats: await authority.issue('nats', [nameOf('nats', NAMESPACE)]),
      redis: await authority.issue('redis', [nameOf('redis', NAMESPACE)]),
    })
    release = await install(
      api,
      NAMESPACE,
      merged(servers, {
        tls: { type: 'secret', secret: 'own-{service}', authorities: { configMap: 'own-authority' } },
        oidc: { issuer: provider.issuer, roles: { pathology: { default: 'annotator' } } },
        secrets: { OIDC_CLIENT_SECRET: { name: 'own-provider', key: 'secret' } },
        network: { oidc: { port: Number(new URL(provider.issuer).port) } },
      }),
    )
    provider.admit(release.url)
    client = clientOf({ url: release.url, token: await release.ownerToken() })
    // Nobody wants those of the trial.
    for (const server of ['nats', 'redis']) await api.scale(NAMESPACE, 'statefulsets', `${release.full}-${server}`, 0)
  }, 600_000)
  afterAll(async () => {
    await release?.uninstall()
    await provider?.stop()
    await api?.stop()
    await rm(folder, { recursive: true, force: true })
  }, 240_000)

  it('a slide goes all the way', async () => {
    const id = await client.upload([
      { name: 'made.svs', bytes: await madeBytes({ width: 1200, height: 900, seed: 5 }) },
    ])
    await client.until(id, 'ready', 200)
    await eventually(60, 'its tiles', () => client.tiled(id))
    expect((await client.get(`/tiles/${id}/1_files/10/1_1.jpeg`)).status).toBe(200)
    expect(await redisClients(NAMESPACE, PASSWORD)).toBeGreaterThan(1)
  }, 300_000)

  it('who may reach a service or a server, and shows no certificate, gets no word from it', async () => {
    const reached = [
      ['public', `${release.full}-catalog-grpc.${NAMESPACE}.svc`, '50051'],
      ['tiles', nameOf('redis', NAMESPACE), '6379'],
    ]
    for (const [service, host, port] of reached) {
      const node = ['/app/node_modules/.bin/node', '-e', STRANGER, host!, port!]
      const said = await kubectl('exec', '-n', NAMESPACE, `deploy/${release.full}-${service}`, '--', ...node)
      expect(said.trim()).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')
    }
  })

  it('people sign in at the provider of their hospital', async () => {
    provider.person = { sub: 'ada', name: 'Ada', email: 'ada@hospital.example', groups: ['pathology'] }
    const browser = openBrowser()
    const end = await browser.go(`${release.url}/api/sign-in/oidc`, ({ pathname }) => pathname === '/sign-in')
    expect(end.search).toBe('?done')
    const session = await (await browser.fetch(`${release.url}/api/session`)).json()
    expect(session).toMatchObject({ name: 'Ada', roles: { default: 'annotator' } })
  })
})

/** As an operator does who has no cert-manager: a Secret for each service, the authority for all, and what the provider knows. */
async function giveSecrets(authority: Authority, { clientSecret }: OpenIdProvider): Promise<void> {
  const services = Object.keys(JSON.parse(await readFile(SERVICES, 'utf8')))
  const secrets = services.map(async service => {
    const name = `slides-coverslip-${service}-grpc.${NAMESPACE}.svc`
    return certificateSecret(NAMESPACE, `own-${service}`, await authority.issue(service, [name]))
  })
  const of = (kind: string, name: string) => ({ apiVersion: 'v1', kind, metadata: { name, namespace: NAMESPACE } })
  await apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { ...of('ConfigMap', 'own-authority'), data: { 'ca.crt': await readFile(authority.caFile, 'utf8') } },
    { ...of('Secret', 'own-provider'), stringData: { secret: clientSecret } },
    ...(await Promise.all(secrets)),
  ])
}
