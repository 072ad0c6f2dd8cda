import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CatalogServiceDefinition } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { createChannel, createClient, Metadata, Status } from 'nice-grpc'
import { HealthDefinition } from 'nice-grpc-server-health'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newSigningKey, readPrivateKey, readPublicKey, signServiceToken, signToken } from '../auth/token.ts'
import { createVerifier } from '../auth/verifier.ts'
import { ServiceError } from '../errors.ts'
import { openLog } from '../log.ts'
import type { RpcContext } from '../module.ts'
import { startTelemetry, type Telemetry } from '../telemetry.ts'
import { type RpcClients, rpcClients } from './client.ts'
import { type RpcServer, serveRpc } from './server.ts'

const pem = newSigningKey()
const secret = Buffer.alloc(32, 3)
let folder: string
let address: string
let telemetry: Telemetry
let server: RpcServer
let clients: RpcClients

/** Answers with who called and for whom, or fails as the slide's id says. */
const unused = async () => ({})
const implementation = {
  listSlides: unused,
  deleteSlide: unused,
  getDeidentificationReport: unused,
  async getSlide({ slideId }: { slideId: string }, context: RpcContext) {
    if (slideId === 'who') return { slide: { name: `${context.caller} for ${context.principal.userId}` } }
    if (slideId === 'bug') throw new TypeError('DOE^JANE is not a function')
    throw new ServiceError('precondition-failed', 'Somebody changed it', { details: ['version: 2', 'größer'] })
  },
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-rpc-'))
  address = `unix://${join(folder, 'rpc.sock')}`
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
  const log = openLog({ service: 'test', level: 'info', destination: join(folder, 'log') })
  const verifier = createVerifier(readPublicKey(pem))
  const modules = [{ service: 'catalog' as const, rpc: { definition: CatalogServiceDefinition, implementation } }]
  server = await serveRpc({ modules, addresses: [address], verifier, serviceSecret: secret, telemetry, log })
  server.setServing(true)
  clients = rpcClients({ addressOf: () => address, serviceSecret: secret, telemetry })
})
afterAll(async () => {
  clients?.close()
  await server?.stop()
  await telemetry?.close()
  await rm(folder, { recursive: true, force: true })
})

const raw = () => createClient(CatalogServiceDefinition, createChannel(address))
const bearing = (token: string) => ({ metadata: Metadata({ authorization: `Bearer ${token}` }) })

test.each([
  ['without a token', async () => undefined, Status.UNAUTHENTICATED],
  ['with nonsense', async () => bearing('nonsense'), Status.UNAUTHENTICATED],
  [
    'with a token of another secret',
    async () => bearing(await signServiceToken(Buffer.alloc(32, 4), 'public')),
    Status.UNAUTHENTICATED,
  ],
  [
    "with a user's token",
    async () => bearing((await signToken(readPrivateKey(pem), CLAIMS)).token),
    Status.UNAUTHENTICATED,
  ],
  [
    'from a service that the flow does not name',
    async () => bearing(await signServiceToken(secret, 'tiles')),
    Status.PERMISSION_DENIED,
  ],
])('a call %s is refused', async (_what, options, code) => {
  await expect(raw().getSlide({ slideId: 'who' }, await options())).rejects.toMatchObject({ code })
})

const CLAIMS = { sub: 'ada', kind: 'session', roles: {}, level: 0, lifeSeconds: 60 } as const

test('the callee knows the service and the user it calls for', async () => {
  const { token } = await signToken(readPrivateKey(pem), CLAIMS)
  const client = clients.client('public', 'catalog', CatalogServiceDefinition)
  expect((await client.getSlide({ slideId: 'who' }, { onBehalfOf: token })).slide?.name).toBe('public for ada')
  await expect(client.getSlide({ slideId: 'who' })).rejects.toMatchObject({ code: 'unauthenticated' })
  await expect(client.getSlide({ slideId: 'who' }, { onBehalfOf: `${token}x` })).rejects.toMatchObject({
    code: 'unauthenticated',
  })
})

test('an error comes out as it went in, a bug as nothing but a bug', async () => {
  const { token } = await signToken(readPrivateKey(pem), CLAIMS)
  const client = clients.client('public', 'catalog', CatalogServiceDefinition)
  await expect(client.getSlide({ slideId: 'x' }, { onBehalfOf: token })).rejects.toMatchObject({
    code: 'precondition-failed',
    publicMessage: 'Somebody changed it',
    details: ['version: 2', 'größer'],
  })
  const bug = await client.getSlide({ slideId: 'bug' }, { onBehalfOf: token }).catch((error: Error) => error)
  expect(bug).toMatchObject({ code: 'internal' })
  expect(JSON.stringify(bug)).not.toContain('DOE')
})

test('a client is not even made for a call that the flow does not have', () => {
  expect(() => clients.client('tiles', 'catalog', CatalogServiceDefinition)).toThrow('does not let tiles call catalog')
})

test('a service that is away is a retryable error', async () => {
  const gone = rpcClients({ addressOf: () => `unix://${join(folder, 'none.sock')}`, serviceSecret: secret, telemetry })
  const client = gone.client('public', 'catalog', CatalogServiceDefinition)
  await expect(client.getSlide({ slideId: 'who' })).rejects.toMatchObject({ code: 'unavailable', retryable: true })
  gone.close()
})

test('health follows what the process says of itself', async () => {
  const health = createClient(HealthDefinition, createChannel(address))
  expect((await health.check({ service: '' })).status).toBe(1)
  server.setServing(false)
  expect((await health.check({ service: '' })).status).toBe(2)
  server.setServing(true)
})
