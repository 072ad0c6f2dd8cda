/**
 * gRPC between services: every call carries a signed token of the caller, the user it is made for, a deadline and the
 * trace; errors cross as status codes with our own code beside them and come out as the ServiceError they were.
 */
import { readFile } from 'node:fs/promises'
import { calls, type ServiceName } from '@coverslip/proto/flow.ts'
import {
  type Channel,
  type Client,
  ClientError,
  type ClientMiddleware,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  createServer,
  Metadata,
  type Server,
  ServerError,
  type ServerMiddleware,
  Status,
} from 'nice-grpc'
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health'
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection'
import type { Principal } from './auth/principal.ts'
import { signServiceToken, verifyServiceToken } from './auth/token.ts'
import type { Verifier } from './auth/verifier.ts'
import { type ErrorCode, ServiceError, toServiceError } from './errors.ts'
import type { Log } from './log.ts'
import type { RpcContext, RpcImplementation } from './module.ts'
import type { Telemetry } from './telemetry.ts'

export interface CallOptions {
  /** The user's token: the called service verifies it and acts for that user. */
  onBehalfOf?: string
  /** Default 10 s for single answers, 10 min for streams. */
  timeoutMs?: number
}
export type RpcClient<Definition extends CompatServiceDefinition> = Client<Definition, CallOptions>

const STATUS: Record<ErrorCode, Status> = {
  invalid: Status.INVALID_ARGUMENT,
  unauthenticated: Status.UNAUTHENTICATED,
  forbidden: Status.PERMISSION_DENIED,
  'not-found': Status.NOT_FOUND,
  conflict: Status.ALREADY_EXISTS,
  'precondition-failed': Status.ABORTED,
  'precondition-required': Status.FAILED_PRECONDITION,
  'too-large': Status.OUT_OF_RANGE,
  unsupported: Status.UNIMPLEMENTED,
  'too-many': Status.RESOURCE_EXHAUSTED,
  'storage-full': Status.RESOURCE_EXHAUSTED,
  unavailable: Status.UNAVAILABLE,
  internal: Status.INTERNAL,
}
const CALLER_KEY = 'authorization'
const USER_KEY = 'coverslip-user'
const CODE_KEY = 'coverslip-code'
const DETAILS_KEY = 'coverslip-details'

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
  verifier: Verifier
  serviceSecret: Uint8Array
  telemetry: Telemetry
  log: Log
}): Promise<RpcServer> {
  const health = HealthState()
  const descriptors = await readFile(new URL(import.meta.resolve('@coverslip/proto/gen/image.binpb')))
  const names = options.modules.map(({ rpc }) => (rpc.definition as { fullName: string }).fullName)
  // A server of nice-grpc listens once: one for each address.
  const servers: Server[] = []
  let port: number | undefined
  for (const address of options.addresses) {
    const server = createServer({ 'grpc.max_connection_age_ms': 300_000 })
    for (const { service, rpc } of options.modules) {
      server.with(serverMiddleware(service, options)).add(rpc.definition, rpc.implementation as never)
    }
    server.add(HealthDefinition, HealthServiceImpl(health))
    server.add(ServerReflectionService, ServerReflection(descriptors, names))
    servers.push(server)
    port = (await server.listen(address)) || port
  }
  return {
    port,
    setServing: serving => health.setStatus(serving ? 'healthy' : 'unhealthy'),
    async stop() {
      const force = setTimeout(() => {
        for (const server of servers) server.forceShutdown()
      }, 3000)
      await Promise.all(servers.map(server => server.shutdown()))
      clearTimeout(force)
    },
  }
}

function serverMiddleware(
  service: ServiceName,
  { verifier, serviceSecret, telemetry, log }: Parameters<typeof serveRpc>[0],
): ServerMiddleware<Pick<RpcContext, 'caller' | 'principal'>> {
  return async function* answer(call, context) {
    const [rpcService, method] = call.method.path.slice(1).split('/')
    const started = { service: rpcService!, method: method! }
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
      if (known.code === 'internal') log.error({ err: error, ...started }, 'a gRPC call failed')
      context.trailer.set(CODE_KEY, known.code)
      if (known.details.length > 0)
        context.trailer.set(`${DETAILS_KEY}-bin`, Buffer.from(JSON.stringify(known.details)))
      throw new ServerError(STATUS[known.code], known.publicMessage)
    }
  }
}

/** Runs a single-answer call to its end. */
async function lastOf<Response>(generator: AsyncGenerator<unknown, Response, undefined>): Promise<Response> {
  for (;;) {
    const step = await generator.next()
    if (step.done) return step.value
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

export interface RpcClients {
  client<Definition extends CompatServiceDefinition>(
    caller: ServiceName,
    service: ServiceName,
    definition: Definition,
  ): RpcClient<Definition>
  close(): void
}

/** Clients of other services, one channel per address. */
export function rpcClients(options: {
  addressOf: (service: ServiceName) => string
  serviceSecret: Uint8Array
  telemetry: Telemetry
}): RpcClients {
  const channels = new Map<string, Channel>()
  const tokens = serviceTokens(options.serviceSecret)
  const channelTo = (address: string): Channel => {
    const known = channels.get(address)
    if (known) return known
    const channel = createChannel(address, undefined, {
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
    })
    channels.set(address, channel)
    return channel
  }
  return {
    client(caller, service, definition) {
      if (!calls[service].includes(caller)) throw new Error(`the flow does not let ${caller} call ${service}`)
      const middleware = clientMiddleware(caller, tokens, options.telemetry)
      return createClientFactory()
        .use(middleware)
        .create(definition, channelTo(options.addressOf(service)))
    },
    close: () => {
      for (const channel of channels.values()) channel.close()
    },
  }
}

/** Service tokens live two minutes; one is used for one. */
function serviceTokens(secret: Uint8Array): (service: ServiceName) => Promise<string> {
  const made = new Map<ServiceName, { token: Promise<string>; until: number }>()
  return service => {
    const known = made.get(service)
    if (known && known.until > Date.now()) return known.token
    const token = signServiceToken(secret, service)
    made.set(service, { token, until: Date.now() + 60_000 })
    return token
  }
}

function clientMiddleware(
  caller: ServiceName,
  tokens: (service: ServiceName) => Promise<string>,
  telemetry: Telemetry,
): ClientMiddleware<CallOptions> {
  return async function* ask(call, { onBehalfOf, timeoutMs, ...options }) {
    const [rpcService, method] = call.method.path.slice(1).split('/')
    const stream = call.responseStream || call.requestStream
    const deadline = AbortSignal.timeout(timeoutMs ?? (stream ? 600_000 : 10_000))
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
    const trailers: { current?: Metadata } = {}
    const send = async () => {
      const metadata = Metadata(options.metadata).set(CALLER_KEY, `Bearer ${await tokens(caller)}`)
      if (onBehalfOf) metadata.set(USER_KEY, onBehalfOf)
      const traceparent = telemetry.traceparent()
      if (traceparent) metadata.set('traceparent', traceparent)
      return call.next(call.request, {
        ...options,
        metadata,
        signal,
        onTrailer: trailer => (trailers.current = trailer),
      })
    }
    try {
      if (call.responseStream) return yield* (await send()) as AsyncGenerator<never, void, undefined>
      const attributes = { 'rpc.service': rpcService!, 'rpc.method': method! }
      return await telemetry.span(`${rpcService}/${method}`, { kind: 'client', attributes }, async () =>
        lastOf((await send()) as AsyncGenerator<never, never, undefined>),
      )
    } catch (error) {
      if (deadline.aborted)
        throw new ServiceError('unavailable', 'A part of the system did not answer in time', { cause: error })
      throw error instanceof ClientError ? fromClientError(error, trailers.current) : error
    }
  }
}

function fromClientError(error: ClientError, trailer: Metadata | undefined): ServiceError {
  const code = trailer?.get(CODE_KEY) as ErrorCode | undefined
  const packed = trailer?.get(`${DETAILS_KEY}-bin`) as Uint8Array | undefined
  const details = packed ? (JSON.parse(Buffer.from(packed).toString()) as string[]) : []
  if (code && code in STATUS) return new ServiceError(code, error.details, { cause: error, details })
  if (error.code === Status.UNAUTHENTICATED) return new ServiceError('unauthenticated', error.details, { cause: error })
  if (error.code === Status.UNAVAILABLE || error.code === Status.DEADLINE_EXCEEDED) {
    return new ServiceError('unavailable', 'A part of the system is not reachable right now', { cause: error })
  }
  return new ServiceError('internal', 'Something went wrong inside; the log has the details', { cause: error })
}
