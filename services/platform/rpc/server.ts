/** The answering end: who calls, for whom, with health and reflection beside the services. */
import { readFile } from 'node:fs/promises'
import { calls, type ServiceName } from '@coverslip/proto/services.ts'
import { createServer, type Metadata, type Server, ServerError, type ServerMiddleware } from 'nice-grpc'
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health'
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection'
import type { Principal } from '../auth/principal.ts'
import { verifyServiceToken } from '../auth/token.ts'
import type { Verifier } from '../auth/verifier.ts'
import { ServiceError, toServiceError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { RpcContext, RpcImplementation } from '../module.ts'
import type { Histogram, Telemetry } from '../telemetry.ts'
import { type Certificates, serverCredentials } from '../tls.ts'
import { CALLER_KEY, CODE_KEY, DETAILS_KEY, lastOf, STATUS, USER_KEY } from './wire.ts'

/** A tenth more or less is added by grpc-js, so that callers do not come back all at once. */
const CONNECTION_AGE_MS = 60_000

/** How long calls in hand may take at a stop. */
const STOP_MS = 3000

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10]

export interface RpcServer {
  /** Marks the process healthy or not for gRPC health checks. */
  setServing(serving: boolean): void
  /** The port where one was asked for. */
  port: number | undefined
  stop(): Promise<void>
}

/**
 * Serves the modules' implementations with health and reflection.
 * @param options.addresses where to listen: `unix:PATH` and `host:port`
 */
export async function serveRpc(options: {
  modules: { service: ServiceName; rpc: RpcImplementation }[]
  addresses: string[]
  /** Undefined: ports speak without TLS. Sockets always do, they belong to this process. */
  certificates?: Certificates | undefined
  verifier: Verifier
  serviceSecret: Uint8Array
  telemetry: Telemetry
  log: Log
  /** After how long a caller is asked to connect anew, and so finds the pods that came meanwhile; default a minute. */
  connectionAgeMs?: number
}): Promise<RpcServer> {
  const health = HealthState()
  const descriptors = await readFile(new URL(import.meta.resolve('@coverslip/proto/gen/image.binpb')))
  const names = options.modules.map(({ rpc }) => (rpc.definition as { fullName: string }).fullName)
  // A server of nice-grpc listens once: one for each address.
  const servers: Server[] = []
  let port: number | undefined
  const seconds = options.telemetry.histogram('coverslip_rpc_seconds', 'Time to answer a gRPC call', 's', SECONDS)
  const credentials = options.certificates && serverCredentials(options.certificates)
  for (const address of options.addresses) {
    const server = createServer({ 'grpc.max_connection_age_ms': options.connectionAgeMs ?? CONNECTION_AGE_MS })
    for (const { service, rpc } of options.modules) {
      server.with(serverMiddleware(service, options, seconds)).add(rpc.definition, rpc.implementation as never)
    }
    server.add(HealthDefinition, HealthServiceImpl(health))
    server.add(ServerReflectionService, ServerReflection(descriptors, names))
    servers.push(server)
    const isSocket = address.startsWith('unix:')
    port = (await server.listen(address, isSocket ? undefined : credentials)) || port
  }
  return {
    port,
    setServing: serving => health.setStatus(serving ? 'healthy' : 'unhealthy'),
    async stop() {
      const forced = Promise.withResolvers<void>()
      const force = setTimeout(() => {
        for (const server of servers) server.forceShutdown()
        // A port without TLS that was spoken to in TLS never tells grpc-js that it has closed.
        forced.resolve()
      }, STOP_MS)
      await Promise.race([Promise.all(servers.map(server => server.shutdown())), forced.promise])
      clearTimeout(force)
    },
  }
}

function serverMiddleware(
  service: ServiceName,
  { verifier, serviceSecret, telemetry, log }: Parameters<typeof serveRpc>[0],
  seconds: Histogram,
): ServerMiddleware<Pick<RpcContext, 'caller' | 'principal'>> {
  return async function* answer(call, context) {
    const [rpcService, method] = call.method.path.slice(1).split('/')
    const started = { service: rpcService!, method: method! }
    const begun = performance.now()
    let status = 0
    try {
      const caller = await callerOf(service, context.metadata, serviceSecret)
      const principal = await userOf(context.metadata, verifier)
      const extended = {
        ...context,
        caller,
        get principal(): Principal {
          if (principal) return principal
          throw new ServiceError('unauthenticated', 'This call must be made for a user')
        },
      }
      const parent = context.metadata.get('traceparent') ?? null
      const attributes = { 'rpc.service': started.service, 'rpc.method': started.method, 'coverslip.service': service }
      if (call.responseStream) {
        // A stream's span ends when its answer begins: what follows is the reader's pace.
        return yield* call.next(call.request, extended)
      }
      return await telemetry.span(`${started.service}/${started.method}`, { kind: 'server', parent, attributes }, () =>
        lastOf(call.next(call.request, extended)),
      )
    } catch (error) {
      const known = toServiceError(error)
      status = STATUS[known.code]
      if (known.code === 'internal') log.error({ err: error, ...started }, 'a gRPC call failed')
      context.trailer.set(CODE_KEY, known.code)
      if (known.details.length > 0)
        context.trailer.set(`${DETAILS_KEY}-bin`, Buffer.from(JSON.stringify(known.details)))
      throw new ServerError(STATUS[known.code], known.publicMessage)
    } finally {
      // How long a stream takes is its reader's pace; that it failed counts.
      if (!call.responseStream || status !== 0) {
        const attributes = { 'rpc.service': started.service, 'rpc.method': started.method }
        seconds.record((performance.now() - begun) / 1000, { ...attributes, 'rpc.grpc.status_code': status })
      }
    }
  }
}

async function callerOf(service: ServiceName, metadata: Metadata, secret: Uint8Array): Promise<ServiceName> {
  const [scheme, token] = (metadata.get(CALLER_KEY) ?? '').split(' ')
  if (scheme !== 'Bearer' || !token) throw new ServiceError('unauthenticated', 'The calling service gave no token')
  const caller = (await verifyServiceToken(secret, token)) as ServiceName
  if (!calls[service].includes(caller)) throw new ServiceError('forbidden', `${caller} does not call ${service}`)
  return caller
}

async function userOf(metadata: Metadata, verifier: Verifier): Promise<Principal | undefined> {
  const token = metadata.get(USER_KEY)
  return token ? verifier.verify(token) : undefined
}
