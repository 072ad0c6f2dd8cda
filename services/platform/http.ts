/**
 * HTTP: one server per process, the routes of its modules as declared in proto/api.ts. The tile path and tus answer on
 * node:http itself; the rest goes through koa. Who calls is settled here, before any handler runs.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import Koa from 'koa'
import type { Verifier } from './auth/verifier.ts'
import { ServiceError, toServiceError } from './errors.ts'
import { checkOrigin, makeCall } from './http/call.ts'
import { parseQuery, readBody, sendAnswer } from './http/payload.ts'
import { problemHeaders, problemOf, sendProblem } from './http/problem.ts'
import { type CompiledRoute, createRouter, routesOf } from './http/routes.ts'
import type { Log } from './log.ts'
import type { HttpAnswer, HttpHandler, HttpRoutes, RawHttpHandler, WebSocketHandler } from './module.ts'
import type { SpanOptions, Telemetry } from './telemetry.ts'

export interface HttpOptions {
  modules: { name: string; routes: HttpRoutes }[]
  site: string
  publicUrl: () => string
  verifier: Verifier
  telemetry: Telemetry
  log: Log
  /** Rejects with the reason while the process cannot serve. */
  ready: () => Promise<void>
}
export interface HttpServer {
  port: number
  /** No new connections; open ones may finish for `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/**
 * Refuses a set of modules whose handlers are not exactly the routes declared for them.
 * @throws Error that names what is missing or not declared
 */
export function checkRoutes(modules: HttpOptions['modules']): void {
  for (const { name, routes } of modules) {
    const declared = new Set(routesOf([name]).map(({ method, path }) => `${method} ${path}`))
    const given = [routes.routes, routes.raw, routes.websockets].flatMap(table => Object.keys(table ?? {}))
    const missing = [...declared].filter(route => !given.includes(route))
    const unknown = given.filter(route => !declared.has(route))
    if (missing.length > 0) throw new Error(`${name} does not implement: ${missing.join(', ')}`)
    if (unknown.length > 0)
      throw new Error(`${name} implements routes that proto/api.ts does not list: ${unknown.join(', ')}`)
  }
}

/** Listens on `host:port`; port 0 takes any free one. */
export async function serveHttp(options: HttpOptions, host: string, port: number): Promise<HttpServer> {
  checkRoutes(options.modules)
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 })
  const dispatch = createDispatch(options)
  server.on('request', dispatch.request)
  server.on('upgrade', dispatch.upgrade)
  await listen(server, host, port)
  return {
    port: (server.address() as AddressInfo).port,
    stop: graceMs => {
      dispatch.dropSockets()
      return stop(server, graceMs)
    },
  }
}

export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken =
        error.code === 'EADDRINUSE'
          ? `port ${port} is taken: stop the other program or choose another port`
          : error.message
      reject(new Error(taken, { cause: error }))
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeIdleConnections()
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(force)
}

function createDispatch(options: HttpOptions) {
  const raw = tableOf<RawHttpHandler>(options, 'raw')
  const handlers = tableOf<HttpHandler>(options, 'routes')
  const sockets = tableOf<WebSocketHandler>(options, 'websockets')
  const find = createRouter(routesOf(options.modules.map(({ name }) => name)))
  const koa = createKoa(options, find, handlers)
  const seconds = options.telemetry.histogram(
    'coverslip_http_seconds',
    'Time to answer an HTTP request',
    's',
    [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
  )

  async function answerRaw(
    route: CompiledRoute,
    params: Record<string, string>,
    req: IncomingMessage,
    res: ServerResponse,
  ) {
    const answer = async (): Promise<void> => {
      checkOrigin(req, options.publicUrl(), false)
      const url = new URL(req.url ?? '/', 'http://localhost')
      const query = parseQuery(route.spec, url.searchParams)
      const given = { params, path: url.pathname, query, body: undefined, signal: abortOf(res) }
      await raw.get(route.name)!(await makeCall(options, req, route, given), req, res)
    }
    try {
      await (route.spec.ownSpans ? answer() : options.telemetry.span(route.name, spanOf(route, req), answer))
    } catch (error) {
      report(options.log, error, route.name)
      sendProblem(res, toServiceError(error))
    }
  }

  function request(req: IncomingMessage, res: ServerResponse): void {
    const path = pathOf(req.url)
    if (path === '/healthz' || path === '/readyz') return void answerHealth(options, path, res)
    const begun = performance.now()
    const found = find(req.method ?? 'GET', path)
    const route = 'route' in found ? found.route : undefined
    res.once('close', () => {
      seconds.record((performance.now() - begun) / 1000, {
        'http.request.method': req.method ?? 'GET',
        'http.route': route?.spec.path ?? 'unknown',
        'http.response.status_code': res.statusCode,
      })
    })
    if (route && 'params' in found && raw.has(route.name)) return void answerRaw(route, found.params, req, res)
    koa(req, res)
  }

  // The server does not count upgraded connections as its own: it would wait for them for ever when it stops.
  const upgraded = new Set<Duplex>()

  async function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    socket.on('error', () => socket.destroy())
    try {
      checkOrigin(req, options.publicUrl(), true)
      const url = new URL(req.url ?? '/', 'http://localhost')
      const found = find('GET', url.pathname)
      const handler = 'route' in found ? sockets.get(found.route.name) : undefined
      if (!handler || !('route' in found)) throw new ServiceError('not-found', 'There is no WebSocket here')
      const query = parseQuery(found.route.spec, url.searchParams)
      const call = await makeCall(options, req, found.route, {
        params: found.params,
        path: url.pathname,
        query,
        body: undefined,
        signal: new AbortController().signal,
      })
      await handler(call, req, socket, head)
    } catch (error) {
      const problem = problemOf(toServiceError(error))
      const headers = Object.entries(problemHeaders(problem)).map(([name, value]) => `${name}: ${value}`)
      const body = JSON.stringify(problem)
      socket.end(
        [
          `HTTP/1.1 ${problem.status} ${problem.title}`,
          ...headers,
          'connection: close',
          `content-length: ${Buffer.byteLength(body)}`,
          '',
          body,
        ].join('\r\n'),
      )
    }
  }
  const dropSockets = (): void => {
    for (const socket of upgraded) socket.destroy()
  }
  return { request, upgrade, dropSockets }
}

function tableOf<Handler>(options: HttpOptions, kind: keyof HttpRoutes): Map<string, Handler> {
  return new Map(options.modules.flatMap(({ routes }) => Object.entries(routes[kind] ?? {}) as [string, Handler][]))
}

/** `null` origin: without the query. */
function pathOf(url: string | undefined): string {
  const path = url ?? '/'
  const end = path.indexOf('?')
  return end === -1 ? path : path.slice(0, end)
}

function spanOf({ spec }: CompiledRoute, req: IncomingMessage): SpanOptions {
  const attributes = { 'http.request.method': req.method ?? 'GET', 'http.route': spec.path }
  return { kind: 'server', attributes, parent: (req.headers.traceparent as string | undefined) ?? null }
}

function abortOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  res.once('close', () => controller.abort())
  return controller.signal
}

function report(log: Log, error: unknown, route: string): void {
  const { code } = toServiceError(error)
  if (code === 'internal') log.error({ err: error, route }, 'a request failed')
}

async function answerHealth(options: HttpOptions, path: string, res: ServerResponse): Promise<void> {
  try {
    if (path === '/readyz') await options.ready()
    res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end('{"status":"ok"}')
  } catch (error) {
    sendProblem(res, new ServiceError('unavailable', toServiceError(error).publicMessage))
  }
}

/** The framework part: body parsing, the handler, the answer, one place for errors. */
function createKoa(options: HttpOptions, find: ReturnType<typeof createRouter>, handlers: Map<string, HttpHandler>) {
  const app = new Koa()
  app.silent = true
  app.use(async ctx => {
    const found = find(ctx.method, ctx.path)
    if (!('route' in found)) return refuse(ctx, found.allowed)
    const { route, params } = found
    await options.telemetry.span(route.name, spanOf(route, ctx.req), async span => {
      try {
        sendAnswer(ctx, route.spec, await answerRoute(ctx, options, route, params, handlers.get(route.name)))
      } catch (error) {
        report(options.log, error, route.name)
        const problem = problemOf(toServiceError(error))
        ctx.status = problem.status
        ctx.set(problemHeaders(problem))
        ctx.body = JSON.stringify(problem)
      }
      span.set({ 'http.response.status_code': ctx.status })
    })
  })
  return app.callback()
}

/** Calls the handler, and refuses an answer that was given without asking whether the caller may have it. */
async function answerRoute(
  ctx: Koa.Context,
  options: HttpOptions,
  route: CompiledRoute,
  params: Record<string, string>,
  handler: HttpHandler | undefined,
): Promise<HttpAnswer> {
  checkOrigin(ctx.req, options.publicUrl(), false)
  const query = parseQuery(route.spec, ctx.URL.searchParams)
  const given = { params, path: ctx.path, query, body: undefined as unknown, signal: abortOf(ctx.res) }
  const call = await makeCall(options, ctx.req, route, given)
  if (!handler) throw new ServiceError('invalid', 'This address wants a WebSocket')
  const body = route.spec.body ? await readBody(ctx.req, route.spec.body) : undefined
  const answer = await handler(Object.defineProperty(call, 'body', { value: body }))
  if (!call.wasChecked()) throw new Error(`${route.name} answered without asking for permission`)
  return answer
}

function refuse(ctx: Koa.Context, allowed: string[]): void {
  const error = new ServiceError(
    'not-found',
    allowed.length > 0 ? 'This address does not take this method' : 'There is nothing at this address',
  )
  const problem = problemOf(error)
  ctx.status = allowed.length > 0 ? 405 : 404
  ctx.set(problemHeaders(problem))
  if (allowed.length > 0) ctx.set('allow', allowed.join(', '))
  ctx.body = JSON.stringify({ ...problem, status: ctx.status })
}
