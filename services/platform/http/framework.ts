/** The part of HTTP that goes through koa: parsing, the handler, the answer, one place for errors. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa from 'koa'
import { ServiceError, toServiceError } from '../errors.ts'
import type { HttpAnswer, HttpHandler } from '../module.ts'
import { checkOrigin, makeCall } from './call.ts'
import { parseQuery, readBody, sendAnswer } from './payload.ts'
import { problemHeaders, problemOf } from './problem.ts'
import { abortOf, type HttpOptions, handlersOf, report, searchOf, spanOf } from './request.ts'
import type { CompiledRoute, Router } from './routes.ts'

export function createFramework(
  options: HttpOptions,
  find: Router,
): (req: IncomingMessage, res: ServerResponse) => void {
  const handlers = handlersOf<HttpHandler>(options, 'routes')
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
  const callback = app.callback()
  return (req, res) => void callback(req, res)
}

/** Calls the handler, and refuses an answer that was given without asking whether the caller may have it. */
async function answerRoute(
  ctx: Koa.Context,
  options: HttpOptions,
  route: CompiledRoute,
  params: Record<string, string>,
  handler: HttpHandler | undefined,
): Promise<HttpAnswer> {
  checkOrigin(ctx.req, options.publicUrl(), route.spec)
  const query = parseQuery(route.spec, searchOf(ctx.req.url))
  const call = await makeCall(options, ctx.req, route, {
    params,
    path: ctx.path,
    query,
    signal: () => abortOf(ctx.res),
  })
  if (!handler) throw new ServiceError('invalid', 'This address wants a WebSocket')
  call.body = route.spec.body ? await readBody(ctx.req, route.spec.body) : undefined
  const answer = await handler(call)
  if (!call.wasChecked()) throw new Error(`${route.name} answered without asking for permission`)
  return answer
}

function refuse(ctx: Koa.Context, allowed: string[]): void {
  const known = allowed.length > 0
  const detail = known ? 'This address does not take this method' : 'There is nothing at this address'
  const problem = problemOf(new ServiceError('not-found', detail))
  const refused = known ? { ...problem, title: 'Method not allowed', status: 405, code: 'method-not-allowed' } : problem
  ctx.status = refused.status
  ctx.set(problemHeaders(problem))
  if (known) ctx.set('allow', allowed.flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : method)).join(', '))
  ctx.body = JSON.stringify(refused)
}
