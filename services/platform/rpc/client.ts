/** The asking end: one channel per address; identity, deadline and trace on every call. */
import { calls, type ServiceName } from '@coverslip/proto/services.ts'
import {
  type Channel,
  ClientError,
  type ClientMiddleware,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  Metadata,
  Status,
} from 'nice-grpc'
import { signServiceToken } from '../auth/token.ts'
import { type ErrorCode, ServiceError } from '../errors.ts'
import type { Telemetry } from '../telemetry.ts'
import { type Certificates, channelCredentials } from '../tls.ts'
import {
  CALLER_KEY,
  type CallOptions,
  CODE_KEY,
  DETAILS_KEY,
  lastOf,
  type RpcClient,
  STATUS,
  USER_KEY,
} from './wire.ts'

export interface RpcClients {
  client<Definition extends CompatServiceDefinition>(
    caller: ServiceName,
    service: ServiceName,
    definition: Definition,
  ): RpcClient<Definition>
  close(): void
}

/**
 * A name that stands for several pods: calls are shared among all of them, and whoever hangs up makes the name be looked up
 * again. A pod that vanished without a word (its node, its network) is noticed by its silence, not by calls that wait.
 */
const CHANNEL = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 3000,
}

/** Clients of other services, one channel per address. */
export function rpcClients(options: {
  addressOf: (service: ServiceName) => string
  serviceSecret: Uint8Array
  telemetry: Telemetry
  /** Undefined: other processes are called without TLS. */
  certificates?: Certificates | undefined
}): RpcClients {
  const channels = new Map<string, Channel>()
  const tokens = serviceTokens(options.serviceSecret)
  const credentials = options.certificates && channelCredentials(options.certificates)
  const channelTo = (address: string): Channel => {
    const known = channels.get(address)
    if (known) return known
    const channel = createChannel(address, leavesProcess(address) ? credentials : undefined, CHANNEL)
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

/** A unix socket is one of our own, in a folder of this user's. */
const leavesProcess = (address: string): boolean => !address.startsWith('unix:')

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
