/** Errors as RFC 9457 problem+json. */
import type { ServerResponse } from 'node:http'
import type { Problem } from '@coverslip/proto/api.ts'
import type { ErrorCode, ServiceError } from '../errors.ts'
import { activeTrace } from '../telemetry.ts'

const STATUS: Record<ErrorCode, [number, string]> = {
  invalid: [400, 'Bad request'],
  unauthenticated: [401, 'Not signed in'],
  forbidden: [403, 'Not allowed'],
  'not-found': [404, 'Not found'],
  conflict: [409, 'Conflict'],
  'precondition-failed': [412, 'Changed meanwhile'],
  'precondition-required': [428, 'Precondition required'],
  'too-large': [413, 'Too large'],
  unsupported: [415, 'Not supported'],
  'too-many': [429, 'Too many requests'],
  'storage-full': [507, 'Storage full'],
  unavailable: [503, 'Unavailable'],
  internal: [500, 'Internal error'],
}

export function problemOf(error: ServiceError): Problem {
  const [status, title] = STATUS[error.code]
  const trace = activeTrace()
  return {
    type: 'about:blank',
    title,
    status,
    detail: error.publicMessage,
    code: error.code,
    ...(error.details.length > 0 ? { errors: [...error.details] } : {}),
    ...(trace ? { traceId: trace.trace_id } : {}),
  }
}

export function problemHeaders(problem: Problem): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(problem.status === 503 || problem.status === 429 ? { 'retry-after': '2' } : {}),
  }
}

/** Answers with the problem unless an answer has begun; then the connection is cut, so that nobody takes it for whole. */
export function sendProblem(res: ServerResponse, error: ServiceError): void {
  if (res.headersSent) return void res.destroy()
  const problem = problemOf(error)
  res.writeHead(problem.status, problemHeaders(problem))
  res.end(JSON.stringify(problem))
}
