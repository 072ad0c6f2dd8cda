/** gRPC calls of a test, made as one of the services. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServiceName } from '@coverslip/proto/services.ts'
import type { CompatServiceDefinition } from 'nice-grpc'
import { type RpcClient, rpcClients } from '../rpc.ts'
import type { Telemetry } from '../telemetry.ts'
import type { TestSystem } from './system.ts'

/** The test itself leaves no trace. */
const telemetry: Pick<Telemetry, 'span' | 'traceparent'> = {
  span: (_name, _options, work) => work({ set() {}, event() {}, link() {} }),
  traceparent: () => undefined,
}

/** A client of a service in the system, with the name and the proof of `caller`. */
export async function rpcAs<Definition extends CompatServiceDefinition>(
  system: TestSystem,
  caller: ServiceName,
  service: ServiceName,
  definition: Definition,
): Promise<{ client: RpcClient<Definition>; close(): void }> {
  const serviceSecret = await readFile(join(system.data, 'keys/service-secret'))
  const clients = rpcClients({
    addressOf: () => system.rpcAddress,
    serviceSecret,
    telemetry: telemetry as Telemetry,
  })
  return { client: clients.client(caller, service, definition), close: () => clients.close() }
}
