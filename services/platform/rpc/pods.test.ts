import { createSocket, type Socket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import { CatalogServiceDefinition } from '@coverslip/proto/gen/catalog/v1/catalog.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newSigningKey, readPublicKey } from '../auth/token.ts'
import { createVerifier } from '../auth/verifier.ts'
import { openLog } from '../log.ts'
import { startTelemetry, type Telemetry } from '../telemetry.ts'
import { rpcClients } from './client.ts'
import { type RpcServer, serveRpc } from './server.ts'

// With it grpc-js asks the name server of the address, not the machine's own; read when it is loaded.
vi.hoisted(() => {
  process.env.GRPC_NODE_USE_ALTERNATIVE_RESOLVER = 'true'
})

/** Two pods of one service behind a name, which a name server of our own answers: real lookups, real connections. */
const PODS = ['127.0.0.1', '127.0.0.2'] as const
const secret = Buffer.alloc(32, 5)
let names: Socket
let telemetry: Telemetry
let known: string[] = [PODS[0]]
const servers = new Map<string, RpcServer>()

const unused = async () => ({})
const answering = (pod: string) => ({
  listSlides: unused,
  deleteSlide: unused,
  getDeidentificationReport: unused,
  getSlide: async () => ({ slide: { name: pod } }),
})

async function startPod(pod: string, port: number): Promise<number> {
  const server = await serveRpc({
    modules: [{ service: 'catalog', rpc: { definition: CatalogServiceDefinition, implementation: answering(pod) } }],
    addresses: [`${pod}:${port}`],
    verifier: createVerifier(readPublicKey(newSigningKey())),
    serviceSecret: secret,
    telemetry,
    log: openLog({ service: 'test', level: 'silent', destination: '' }),
    connectionAgeMs: 200,
  })
  servers.set(pod, server)
  return server.port!
}

/** An answer to a question of type A (1): header, the question itself, an address for each pod that is known (RFC 1035). */
function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5
  const addresses = question.readUInt16BE(end - 4) === 1 ? known : []
  const header = Buffer.from(question.subarray(0, 12))
  header.writeUInt16BE(0x8580, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt16BE(0, 10)
  const records = addresses.map(address =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
  )
  return Buffer.concat([header, question.subarray(12, end), ...records])
}

beforeAll(async () => {
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
  names = createSocket('udp4')
  names.on('message', (question, from) => names.send(answerTo(question), from.port, from.address))
  await new Promise<void>(resolve => names.bind(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await Promise.all([...servers.values()].map(server => server.stop()))
  names.close()
  await telemetry.close()
})

test('a pod that comes is called soon, one that goes costs no call', { timeout: 15_000 }, async () => {
  const port = await startPod(PODS[0], 0)
  await startPod(PODS[1], port)
  const address = `dns://127.0.0.1:${(names.address() as AddressInfo).port}/pods.test:${port}`
  const clients = rpcClients({ addressOf: () => address, serviceSecret: secret, telemetry })
  const client = clients.client('public', 'catalog', CatalogServiceDefinition)
  const who = async (): Promise<string> => (await client.getSlide({ slideId: 'x' })).slide!.name
  const until = async (wanted: readonly string[]): Promise<void> => {
    await expect
      .poll(async () => [...new Set(await Promise.all([who(), who(), who(), who()]))].sort(), {
        timeout: 5000,
        interval: 50,
      })
      .toEqual(wanted)
  }
  expect([...new Set([await who(), await who(), await who()])]).toEqual([PODS[0]])
  known = [...PODS]
  await until(PODS)
  known = [PODS[1]]
  await servers.get(PODS[0])!.stop()
  for (let i = 0; i < 20; i += 1) expect(await who()).toBe(PODS[1])
  clients.close()
})
