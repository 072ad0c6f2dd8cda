import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe } from 'vitest'
import { startNats, type TestServer } from '../testing/servers.ts'
import { busContract } from './contract.ts'
import { busCrashContract, busRestartContract } from './contract-crash.ts'
import type { OpenedBus } from './contract-scene.ts'
import { openBus } from './index.ts'

let server: TestServer
beforeAll(async () => {
  server = await startNats()
  const nc = await connect({ servers: server.url })
  console.info(`the bus contract runs on nats-server ${nc.info?.version}`)
  await nc.close()
})
afterAll(() => server?.stop())

async function open(): Promise<OpenedBus> {
  const bus = await openBus(server.url, {})
  return { bus, close: () => bus.close(), deadCount }
}

async function deadCount(stream: string): Promise<number> {
  const nc = await connect({ servers: server.url })
  const jsm = await jetstreamManager(nc)
  const { state } = await jsm.streams.info('DEAD', { subjects_filter: `dead.${stream}.>` })
  await nc.close()
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0)
}

describe('NATS JetStream', () => {
  busContract(open)
  busCrashContract(() => ({ bus: server.url }))
  busRestartContract(
    () => ({ bus: server.url }),
    () => server,
  )
})
