/**
 * What a service is to the platform: a module declares what it needs and offers, `run()` provides and mounts it. A module
 * never opens a connection, reads the environment or asks which other modules run.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Action } from '@coverslip/proto/api.ts'
import type { EventMessage, EventName } from '@coverslip/proto/flow.ts'
import type { ServiceName } from '@coverslip/proto/services.ts'
import type { Transaction } from 'kysely'
import type { CallContext, CompatServiceDefinition } from 'nice-grpc'
import type { Principal } from './auth/principal.ts'
import type { Cache } from './cache/port.ts'
import type { Settings, ValuesOf } from './config.ts'
import type { Db, Migration } from './db/port.ts'
import type { Log } from './log.ts'
import type { Objects, ReadableObjects } from './objects/port.ts'
import type { CallOptions, RpcClient } from './rpc/wire.ts'
import type { Telemetry } from './telemetry.ts'

/** The four stores of bytes by what they hold; see the architecture's rule 6 for who may have which. */
export interface ObjectHandles {
  /** As received, with patient data; on-prem: ingest writes, deidentify reads. */
  source: Objects
  /** De-identified, the vendor's format: deidentify writes, pyramid reads. */
  original: Objects
  /** Q 50 pyramids: pyramid and deidentify write, tiles reads. */
  pyramid: Objects
  /** Copies of pyramids on a store near the readers (a NAS): tiles writes. May be away at any time. */
  stage: Objects
}
export type ObjectsAccess = { [Kind in keyof ObjectHandles]?: 'read' | 'write' }
type Granted<Access extends ObjectsAccess> = {
  [Kind in keyof Access & keyof ObjectHandles]: Access[Kind] extends 'write' ? Objects : ReadableObjects
}

/** What a module is given. */
export interface Deps<
  Tables = unknown,
  Config extends Settings = Settings,
  Access extends ObjectsAccess = ObjectsAccess,
> {
  /** This site's name, the second token of subjects. */
  readonly site: string
  readonly config: ValuesOf<Config>
  readonly log: Log
  readonly telemetry: Telemetry
  /** The module's own schema; only a module with migrations has one. */
  readonly db: Db<Tables>
  readonly cache: Cache
  readonly objects: Granted<Access>
  /** A folder for temporary files; emptied at start. */
  readonly scratch: string
  /**
   * Puts an event into the service's outbox, in the transaction that saves the state it tells of; it goes out after the
   * commit, at least once, in order per key. Throws when the flow does not name this module as a producer.
   */
  publish<Name extends EventName>(trx: Transaction<Tables>, event: Name, message: EventMessage<Name>): Promise<void>
  /**
   * Removes an event from its stream, by the `place` that its handler was told: streams outlive what is to be erased. At this site
   * only. One that is gone already is no error.
   */
  forget(event: EventName, place: string): Promise<void>
  /** Tells an event of a stream-less arrow to whoever listens; at most twice a second per key, the last one always. */
  signal<Name extends EventName>(event: Name, message: EventMessage<Name>): void
  /** A client of another service; deadline, identity and trace are added to each call. */
  rpc<Definition extends CompatServiceDefinition>(service: ServiceName, definition: Definition): RpcClient<Definition>
  /** Mints and checks tokens; only access has the signing key. */
  readonly auth: AuthDeps
}

export interface AuthDeps {
  /** @throws ServiceError `unauthenticated` for a token that is wrong, expired or revoked. */
  verify(token: string): Promise<Principal>
  /**
   * Who sends a request, without waiting: undefined unless the same credentials were verified before and still hold. The
   * same credentials give the same object.
   */
  known(req: IncomingMessage): Principal | undefined
  /** Signs a token. @throws Error in a process that has no signing key. */
  sign(
    claims: import('./auth/token.ts').NewClaims,
  ): Promise<{ token: string; claims: import('./auth/token.ts').Claims }>
}

/** What a handler of one event is told beside the message. */
export interface EventContext {
  /** Aborted when the process stops: give up soon, the event comes again. */
  signal: AbortSignal
  /** 1 at the first delivery. */
  deliveryCount: number
  /** W3C traceparent of the event, to link later spans to. */
  traceparent: string | undefined
  /** Where the bus keeps the event, for `forget`; a handler that is called by itself has none. */
  place?: string
}

export interface Consumer<Name extends EventName> {
  /** Idempotent. Return: done; retryable error: again later; any other error: `failed`, then done. */
  handle(message: EventMessage<Name>, context: EventContext): Promise<void>
  /** Saves, with its event, that the slide failed for good. Absent: the error is logged and the event kept as dead. */
  failed?(message: EventMessage<Name>, error: import('./errors.ts').ServiceError): Promise<void>
  /** Events in work at once in this process; default 4. */
  concurrency?: number
  /** Default 15 s, after which another process takes over from one that died; while a handler runs the bus is told that work goes on. */
  ackWaitMs?: number
  /** Default 20: a stop in good order counts as a delivery, too. */
  maxDeliver?: number
}
export type Consumers = { [Name in EventName]?: Consumer<Name> }
export type Followers = { [Name in EventName]?: (message: EventMessage<Name>) => void | Promise<void> }

/** One HTTP request as a handler sees it. */
export interface HttpCall {
  readonly method: string
  readonly path: string
  /** Path parameters, decoded. */
  readonly params: Record<string, string>
  /** Parsed by the route's schema. */
  readonly query: Record<string, unknown>
  /** Lower-case names. */
  readonly headers: Record<string, string | string[] | undefined>
  /** Parsed by the route's schema when it is JSON; use `stream` otherwise. */
  readonly body: unknown
  readonly stream: IncomingMessage
  readonly signal: AbortSignal
  /** Who calls. @throws ServiceError `unauthenticated` on a route that anyone may call without credentials. */
  readonly principal: Principal
  /** The caller's token, to pass on to another service (`deps.rpc(...).method(request, { onBehalfOf: call.token })`). */
  readonly token: string
  /** Whether credentials came as the session cookie. */
  readonly cookie: boolean
  /**
   * Checks the route's action (or `action`) for a thing of `project`. A handler of a route with an action must call it
   * (or use `projects()`) before it answers; an answer without any check is refused.
   * @throws ServiceError `not-found` when the caller may not know of the thing, `forbidden` when they may not do this.
   */
  allow(resource: { project: string; slide?: string }, action?: Action): void
  /** The projects in which the caller may do the route's action (`['*']`: all), for lists. */
  projects(action?: Action): string[]
}

export interface HttpAnswer {
  status?: number
  headers?: Record<string, string | string[]>
  /** An object becomes JSON; a stream or Buffer goes out as it is (set Content-Type). */
  body?: unknown
}

export type HttpHandler = (call: HttpCall) => Promise<HttpAnswer>
/** Owns the response (tiles, tus). `call.allow` must have been called before the first byte. */
export type RawHttpHandler = (call: HttpCall, req: IncomingMessage, res: ServerResponse) => Promise<void>
export type WebSocketHandler = (call: HttpCall, req: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>

/**
 * Asked about every HTTP request before it is routed: true when it was answered from memory, at once; false leaves it,
 * with headers perhaps set, to the ordinary way. Must not wait, throw, or answer anybody whose right it did not check.
 */
export type HotHandler = (req: IncomingMessage, res: ServerResponse) => boolean

/** By route name of proto/api.ts: `'GET /api/slides/{id}'`. */
export interface HttpRoutes {
  hot?: HotHandler
  routes?: Record<string, HttpHandler>
  raw?: Record<string, RawHttpHandler>
  websockets?: Record<string, WebSocketHandler>
}

export interface RpcImplementation {
  definition: CompatServiceDefinition
  // biome-ignore lint/suspicious/noExplicitAny: methods of different services have different requests
  implementation: Record<string, (request: any, context: RpcContext) => any>
}

/** What a gRPC handler is told of its caller. */
export interface RpcContext extends CallContext {
  /** The calling service, proven by its signed token. */
  readonly caller: ServiceName
  /** The user on whose behalf it calls. @throws ServiceError `unauthenticated` when it calls for itself. */
  readonly principal: Principal
}

/** What a started module offers. */
export interface Running extends HttpRoutes {
  rpc?: RpcImplementation
  consumers?: Consumers
  followers?: Followers
  /** Rejects with the reason while the module cannot do its work, beyond its adapters. */
  ready?(): Promise<void>
  /** Called after consumers and servers have stopped. */
  stop?(): Promise<void>
}

export interface Module<
  Tables = unknown,
  Config extends Settings = Settings,
  Access extends ObjectsAccess = ObjectsAccess,
> {
  name: ServiceName
  config: Config
  migrations?: Migration[]
  objects?: Access
  start(deps: Deps<Tables, Config, Access>): Promise<Running>
}

/** Keeps the types of a module's tables, settings and handles together. */
export function defineModule<Tables, const Config extends Settings, const Access extends ObjectsAccess>(
  module: Module<Tables, Config, Access>,
): Module {
  return module as unknown as Module
}

export type { CallOptions, RpcClient }
