/** Certificates of one's own for every service: a slide goes all the way, and whoever shows none is turned away. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority } from '@coverslip/platform/testing/authority.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, clientOf, eventually } from '../../services/e2e/client.ts'
import { madeBytes } from '../../services/e2e/suites/made.ts'
import { type Api, openApi } from './api.ts'
import { install, type Release } from './release.ts'
import { apply, clusterMissing, kubectl } from './tool.ts'

const missing = clusterMissing()
const NAMESPACE = process.env.COVERSLIP_NAMESPACE ?? 'tls'
const SERVICES = new URL('../../charts/coverslip/files/services.json', import.meta.url)
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
  let release: Release
  let client: Client

  beforeAll(async () => {
    api = await openApi()
    await giveCertificates()
    release = await install(api, NAMESPACE, { tls: { type: 'secret', secret: 'own-{service}' } })
    client = clientOf({ url: release.url, token: await release.ownerToken() })
  }, 600_000)
  afterAll(async () => {
    await release?.uninstall()
    await api?.stop()
  }, 240_000)

  it('a slide goes all the way', async () => {
    const id = await client.upload([
      { name: 'made.svs', bytes: await madeBytes({ width: 1200, height: 900, seed: 5 }) },
    ])
    await client.until(id, 'ready', 200)
    await eventually(60, 'its tiles', () => client.tiled(id))
    expect((await client.get(`/tiles/${id}/1_files/10/1_1.jpeg`)).status).toBe(200)
  }, 300_000)

  it('a pod that may reach a service, and shows no certificate, gets no word from it', async () => {
    const pod = `deploy/${release.full}-public`
    const host = `${release.full}-catalog-grpc.${NAMESPACE}.svc`
    const node = ['/app/node_modules/.bin/node', '-e', STRANGER, host, '50051']
    expect((await kubectl('exec', '-n', NAMESPACE, pod, '--', ...node)).trim()).toBe(
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    )
  })
})

/** As an operator does who has no cert-manager: a Secret for each service. */
async function giveCertificates(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-authority-'))
  try {
    const authority = await createAuthority(folder)
    const services = Object.keys(JSON.parse(await readFile(SERVICES, 'utf8')))
    const secrets = services.map(async service => {
      const name = `slides-coverslip-${service}-grpc.${NAMESPACE}.svc`
      const { caFile, certFile, keyFile } = await authority.issue(service, [name])
      const files = { 'ca.crt': caFile, 'tls.crt': certFile, 'tls.key': keyFile }
      const data = await Promise.all(
        Object.entries(files).map(async ([key, path]) => [key, (await readFile(path)).toString('base64')]),
      )
      const metadata = { name: `own-${service}`, namespace: NAMESPACE }
      return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data: Object.fromEntries(data) }
    })
    await apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      ...(await Promise.all(secrets)),
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
