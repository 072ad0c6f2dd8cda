import { afterAll, beforeAll, describe } from 'vitest'
import { startPostgres, type TestServer } from '../testing/servers.ts'
import { busContract } from './contract.ts'
import { busCrashContract, busRestartContract } from './contract-crash.ts'
import { openEmbeddedBus } from './contract-embedded.ts'

let server: TestServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())

describe('embedded in PostgreSQL', () => {
  busContract(() => openEmbeddedBus(server.url))
  busCrashContract(() => ({ bus: 'embedded:', database: server.url }))
  busRestartContract(
    () => ({ bus: 'embedded:', database: server.url }),
    () => server,
  )
})

describe('embedded in PostgreSQL with one connection', () => busContract(() => openEmbeddedBus(`${server.url}?pool=1`)))
