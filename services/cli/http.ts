/** Calls of Coverslip's HTTP API: answers of success, and errors as sentences. */
import { type Problem, problem } from '@coverslip/proto/api.ts'
import type { z } from 'zod'
import { CliError, EXIT } from './errors.ts'

export interface Target {
  /** Origin of the server. */
  url: string
  token: string
}

/** fetch() with the caller's token; `body` may be a stream. */
export interface Call extends Omit<RequestInit, 'headers'> {
  headers?: Record<string, string>
}

/** No server answered; worth another try when it restarts. */
export class UnreachableError extends CliError {
  override readonly name = 'UnreachableError'
  constructor(url: string, options?: ErrorOptions) {
    super(
      'unreachable',
      `Coverslip does not answer at ${url}; start it, or set COVERSLIP_URL`,
      EXIT.unreachable,
      options,
    )
  }
}

/**
 * One request, whatever its status.
 * @throws UnreachableError when the connection fails
 */
export async function send(target: Target, path: string, call: Call = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${target.token}`, ...call.headers }
  const streaming = call.body instanceof ReadableStream ? { duplex: 'half' } : {}
  try {
    return await fetch(new URL(path, target.url), { redirect: 'error', ...call, ...streaming, headers } as RequestInit)
  } catch (error) {
    if (call.signal?.aborted) throw call.signal.reason
    throw new UnreachableError(target.url, { cause: error })
  }
}

/**
 * One request that must succeed (2xx).
 * @throws CliError with the server's sentence; exit code 3 for 401
 */
export async function request(target: Target, path: string, call: Call = {}): Promise<Response> {
  const response = await send(target, path, call)
  if (!response.ok) throw await errorOf(response)
  return response
}

/** The JSON answer of a request, checked. @throws CliError as `request`, or when the answer is not as agreed */
export async function read<T>(target: Target, path: string, schema: z.ZodType<T>, call: Call = {}): Promise<T> {
  const response = await request(target, path, call)
  const parsed = schema.safeParse(await response.json().catch(() => undefined))
  if (parsed.success) return parsed.data
  throw new CliError('unexpected-answer', `${target.url} does not answer like Coverslip; check COVERSLIP_URL`)
}

const LONGEST_WAIT_MS = 60_000

/** How long a server that is busy asks to wait; undefined when it does not ask. */
export function askedToWait(response: Response): number | undefined {
  const asked = response.headers.get('retry-after')
  if (asked === null || ![429, 503].includes(response.status)) return undefined
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_WAIT_MS, Math.max(0, ms))
}

/** The error that a failed answer tells: RFC 9457 where the server wrote one. */
export async function errorOf(response: Response): Promise<CliError> {
  const told: Problem | undefined = problem.safeParse(await response.json().catch(() => undefined)).data
  const details = told?.errors?.length ? ` (${told.errors.join('; ')})` : ''
  if (response.status === 401) {
    return new CliError(
      told?.code ?? 'unauthenticated',
      'Your token is not valid any more: set COVERSLIP_TOKEN to a new one',
      EXIT.unreachable,
    )
  }
  const sentence = told ? `${told.detail || told.title}${details}` : `The server answered ${response.status}`
  return new CliError(told?.code ?? `http-${response.status}`, sentence)
}

/** `/api/slides/…` with the id as one path segment. @throws CliError (usage) for what is no id */
export function slidePath(id: string, rest = '', site: 'slides' | 'intake/slides' = 'slides'): string {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(id)) {
    throw new CliError('usage', `"${id}" is no slide id; \`coverslip slides\` lists them`, EXIT.usage)
  }
  return `/api/${site}/${id.toLowerCase()}${rest}`
}
