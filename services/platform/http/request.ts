/** Small facts of a request that every way of answering needs. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Verifier } from '../auth/verifier.ts'
import { toServiceError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { HttpRoutes } from '../module.ts'
import type { SpanOptions, Telemetry } from '../telemetry.ts'
import type { CompiledRoute } from './routes.ts'

export interface HttpOptions {
  modules: { name: string; routes: HttpRoutes }[]
  site: string
  publicUrl: () => string
  verifier: Verifier
  telemetry: Telemetry
  log: Log
  /** Rejects with the reason while the process cannot serve; resolves with what the operator should look at. */
  ready: () => Promise<string[]>
}

/** The handlers of one kind, by route name. */
export function handlersOf<Handler>(options: HttpOptions, kind: keyof HttpRoutes): Map<string, Handler> {
  return new Map(options.modules.flatMap(({ routes }) => Object.entries(routes[kind] ?? {}) as [string, Handler][]))
}

/** The path without its query. */
export function pathOf(url: string | undefined): string {
  const path = url ?? '/'
  const end = path.indexOf('?')
  return end === -1 ? path : path.slice(0, end)
}

/** The query; most requests have none. */
export function searchOf(url: string | undefined): URLSearchParams {
  const start = url?.indexOf('?') ?? -1
  return new URLSearchParams(start === -1 ? '' : url!.slice(start + 1))
}

/** Aborted when the client leaves before the answer has; an abort makes an error, which costs more than a tile. */
export function abortOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (res.closed) controller.abort()
  else res.once('close', () => res.writableFinished || controller.abort())
  return controller.signal
}

export function spanOf({ spec }: CompiledRoute, req: IncomingMessage): SpanOptions {
  const attributes = { 'http.request.method': req.method ?? 'GET', 'http.route': spec.path }
  return { kind: 'server', attributes, parent: (req.headers.traceparent as string | undefined) ?? null }
}

/** What the caller did wrong is theirs to read; what went wrong inside goes to the log. */
export function report(log: Log, error: unknown, route: string): void {
  if (toServiceError(error).code === 'internal') log.error({ err: error, route }, 'a request failed')
}
