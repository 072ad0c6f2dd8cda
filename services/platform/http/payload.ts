/** What comes in with a request and goes out with an answer. */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { RouteSpec } from '@coverslip/proto/api.ts'
import type Koa from 'koa'
import type { z } from 'zod'
import { ServiceError } from '../errors.ts'
import type { HttpAnswer } from '../module.ts'
import { readBytes } from './body.ts'

const MAX_JSON = 64 * 1024 * 1024

/** @throws ServiceError `invalid` that names each wrong parameter */
export function parseQuery(spec: RouteSpec, search: URLSearchParams): Record<string, unknown> {
  const given = Object.fromEntries(search)
  return spec.query ? (parse(spec.query, given, 'query') as Record<string, unknown>) : given
}

/**
 * Reads and checks a JSON body.
 * @throws ServiceError `invalid`, `too-large` over 64 MiB, `unsupported` for another media type
 */
export async function readBody(req: IncomingMessage, schema: z.ZodType): Promise<unknown> {
  const type = (req.headers['content-type'] ?? '').split(';')[0]!.trim()
  if (!/^application\/([a-z.+-]+\+)?json$/.test(type))
    throw new ServiceError('unsupported', 'Send JSON (Content-Type: application/json)')
  const bytes = await readBytes(req, MAX_JSON, 'The body is larger than 64 MiB; use the import of files')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new ServiceError('invalid', 'The body is not JSON', { cause })
  }
  return parse(schema, value, 'body')
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const details = result.error.issues.map(
    issue => `${where}${issue.path.map(part => `.${String(part)}`).join('')}: ${issue.message}`,
  )
  throw new ServiceError('invalid', `The request's ${where} is wrong`, { details })
}

const BASE_HEADERS = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }

export function sendAnswer(ctx: Koa.Context, spec: RouteSpec, { status, headers, body }: HttpAnswer): void {
  ctx.status = status ?? spec.status ?? 200
  ctx.set({ 'cache-control': 'no-store', ...BASE_HEADERS })
  if (headers) ctx.set(headers)
  if (body === undefined) {
    // koa answers "OK" for a status without a body; null sends none.
    ctx.body = null
    ctx.status = status ?? spec.status ?? 204
  } else if (isBytes(body)) {
    const type = ctx.response.get('content-type')
    const length = ctx.response.get('content-length')
    ctx.body = body
    // koa guesses a type and drops the length of a stream.
    if (type) ctx.set('content-type', type)
    if (length) ctx.set('content-length', length)
  } else {
    ctx.set('content-type', 'application/json; charset=utf-8')
    ctx.body = JSON.stringify(body, (_key, value) => (typeof value === 'bigint' ? Number(value) : value))
  }
}

function isBytes(body: unknown): body is Buffer | Readable | string {
  return (
    typeof body === 'string' || Buffer.isBuffer(body) || (typeof body === 'object' && body !== null && 'pipe' in body)
  )
}
