/**
 * HTTP: one server per process, the routes of its modules as declared in proto/api.ts. The tile path and tus answer on
 * node:http itself; the rest goes through koa. Who calls is settled here, before any handler runs.
 */
import cluster from 'node:cluster'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ServiceError, toServiceError } from './errors.ts'
import { checkOrigin, makeCall } from './http/call.ts'
import { createFramework } from './http/framework.ts'
import { parseQuery } from './http/payload.ts'
import { sendProblem } from './http/problem.ts'
import { abortOf, type HttpOptions, handlersOf, pathOf, report, searchOf, spanOf } from './http/request.ts'
import { type CompiledRoute, createRouter, routesOf } from './http/routes.ts'
import { createUpgrades } from './http/upgrades.ts'
import type { RawHttpHandler } from './module.ts'

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
    if (unknown.length > 0) {
      throw new Error(`${name} implements routes that proto/api.ts does not list: ${unknown.join(', ')}`)
    }
  }
}

/** Listens on `host:port`; port 0 takes any free one. */
export async function serveHttp(options: HttpOptions, host: string, port: number): Promise<HttpServer> {
  checkRoutes(options.modules)
  const find = createRouter(routesOf(options.modules.map(({ name }) => name)))
  // An upload may take hours, its headers may not: Node would let both have the same time.
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 30_000, requestTimeout: 0 })
  const upgrades = createUpgrades(options, find)
  server.on('request', createDispatch(options, find))
  server.on('upgrade', upgrades.upgrade)
  await listen(server, host, port, { sharing: 'kernel' })
  return {
    port: (server.address() as AddressInfo).port,
    stop: graceMs => {
      upgrades.drop()
      return stop(server, graceMs)
    },
  }
}

/**
 * Where a service runs in several processes (workers.ts) they share a port: `kernel`, each takes its connections from the
 * system (SO_REUSEPORT), so that those of a process that is killed end with it; `parent`, it hands them on, and one that it
 * has handed to a process which is killed just then stays open for ever; `none`, the port is for this process alone.
 */
export type Sharing = 'kernel' | 'parent' | 'none'

/** @throws Error that says what to do when the port is taken */
export function listen(
  server: Server,
  host: string,
  port: number,
  { sharing = 'parent' }: { sharing?: Sharing } = {},
): Promise<void> {
  // Elsewhere the system does not spread connections over the processes, or cannot share at all.
  const reusePort = sharing === 'kernel' && cluster.isWorker && process.platform === 'linux'
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const message = taken ? `port ${port} is taken: stop the other program or choose another port` : cause.message
      reject(new Error(message, { cause }))
    })
    server.listen({ port, host, reusePort, exclusive: reusePort || sharing === 'none' }, () => {
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

function createDispatch(options: HttpOptions, find: ReturnType<typeof createRouter>) {
  const raw = handlersOf<RawHttpHandler>(options, 'raw')
  const framework = createFramework(options, find)
  const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10]
  const seconds = options.telemetry.histogram('coverslip_http_seconds', 'Time to answer a request', 's', buckets)

  async function answerRaw(
    route: CompiledRoute,
    params: Record<string, string>,
    req: IncomingMessage,
    res: ServerResponse,
  ) {
    const answer = async (): Promise<void> => {
      checkOrigin(req, options.publicUrl(), route.spec)
      const query = parseQuery(route.spec, searchOf(req.url))
      const given = { params, path: pathOf(req.url), query, signal: () => abortOf(res) }
      await raw.get(route.name)!(await makeCall(options, req, route, given), req, res)
    }
    try {
      await (route.spec.ownSpans ? answer() : options.telemetry.span(route.name, spanOf(route, req), answer))
    } catch (error) {
      if (res.closed && isAbort(error)) return
      report(options.log, error, route.name)
      sendProblem(res, toServiceError(error))
    }
  }

  const hot = options.modules.flatMap(({ routes }) => routes.hot ?? [])
  return (req: IncomingMessage, res: ServerResponse): void => {
    for (const answers of hot) if (answers(req, res)) return
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
    framework(req, res)
  }
}

/** Work that was given up because the client left has nobody to tell. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

export const healthBody = (warnings: readonly string[]): string =>
  JSON.stringify({ status: 'ok', ...(warnings.length > 0 ? { warnings } : {}) })

async function answerHealth(options: HttpOptions, path: string, res: ServerResponse): Promise<void> {
  try {
    const warnings = path === '/readyz' ? await options.ready() : []
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
    res.writeHead(200, headers).end(healthBody(warnings))
  } catch (error) {
    sendProblem(res, new ServiceError('unavailable', toServiceError(error).publicMessage))
  }
}
