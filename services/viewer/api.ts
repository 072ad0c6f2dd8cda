/** Typed calls of the HTTP API. Every failure is an ApiError; its message is fit for the screen. */
import type { QualityReport } from '@coverslip/proto/api/quality.ts'
import type { IntakeSlide, Problem, Slide, User } from '@coverslip/proto/api.ts'
import { signInPage } from './way-back.ts'

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly traceId: string | undefined
  /** `status` 0: no answer came at all. */
  constructor(status: number, code: string, message: string, traceId?: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.traceId = traceId
  }
  /** Worth asking again without changing anything. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  json?: unknown
  body?: BodyInit
  type?: string
  ifMatch?: string
  signal?: AbortSignal
}

/** @throws ApiError */
export async function request(path: string, call: Call = {}): Promise<Response> {
  const headers = new Headers({ accept: 'application/json, application/geo+json, application/problem+json' })
  if (call.json !== undefined) headers.set('content-type', call.type ?? 'application/json')
  else if (call.type) headers.set('content-type', call.type)
  if (call.ifMatch) headers.set('if-match', call.ifMatch)
  const body = call.json === undefined ? call.body : JSON.stringify(call.json)
  let response: Response
  try {
    response = await fetch(path, {
      method: call.method ?? 'GET',
      headers,
      ...(body !== undefined && { body }),
      ...(call.signal && { signal: call.signal }),
    })
  } catch (cause) {
    if (call.signal?.aborted) throw cause
    throw new ApiError(0, 'no-answer', 'Coverslip does not answer; check the connection.')
  }
  if (!response.ok) throw await toError(response)
  return response
}

/** @throws ApiError */
export const json = async <T>(path: string, call?: Call): Promise<T> => (await request(path, call)).json()

async function toError(response: Response): Promise<ApiError> {
  const problem: Partial<Problem> = await response.json().catch(() => ({}))
  const message =
    problem.errors?.join(' ') || problem.detail || problem.title || `The server answered ${response.status}.`
  return new ApiError(response.status, problem.code ?? 'unknown', message, problem.traceId)
}

export const messageOf = (error: unknown): string =>
  error instanceof ApiError ? error.message : 'Something went wrong in this page; reload it.'

/** A call that goes to the sign-in page, which leads back here, when nobody is signed in. */
export async function signedIn<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) goToSignIn()
    throw error
  }
}
export function goToSignIn(): void {
  location.assign(signInPage(location.pathname + location.search, location.origin))
}

const query = (values: Record<string, string | null | undefined>): string => {
  const given = Object.entries(values).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return given.length ? `?${new URLSearchParams(given)}` : ''
}

interface SlidePage<T> {
  slides: T[]
  nextCursor: string | null
}
interface TokenInfo {
  id: string
  label: string
  kind: string
  createdAt: string
  expiresAt: string
}

export type { TokenInfo }
export interface WaysToSignIn {
  /** Whether links are given. */
  links: boolean
  /** The OpenID provider of the organisation. */
  provider: { name: string; signsOut: boolean } | null
}
export interface Invitation {
  email: string
  name?: string
  /** `*`: all of them. */
  project: string
  role: 'owner' | 'steward' | 'annotator' | 'viewer'
}
export interface ImportResult {
  imported: number
  skipped: string[]
}

export const api = {
  session: () => json<User>('/api/session'),
  signIn: (code: string) => json<User>('/api/session', { method: 'POST', json: { code } }),
  waysToSignIn: () => json<WaysToSignIn>('/api/sign-in/ways'),
  signOut: () => request('/api/session', { method: 'DELETE' }),
  askForLink: (email: string) => request('/api/sign-in-links', { method: 'POST', json: { email } }),
  invite: (invitation: Invitation) =>
    json<{ link: string; mailed: boolean; expiresAt: string }>('/api/invitations', {
      method: 'POST',
      json: invitation,
    }),
  tokens: () => json<{ tokens: TokenInfo[] }>('/api/tokens'),
  makeToken: (label: string, days: number) =>
    json<{ token: string; info: TokenInfo }>('/api/tokens', { method: 'POST', json: { label, days } }),
  revokeToken: (id: string) => request(`/api/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' }),

  slides: (q: string, cursor: string | null, signal?: AbortSignal) =>
    json<SlidePage<Slide>>(`/api/slides${query({ limit: '50', q, cursor })}`, signal ? { signal } : {}),
  slide: (id: string) => json<Slide>(`/api/slides/${id}`),
  quality: (id: string) => json<QualityReport>(`/api/slides/${id}/quality`),
  deleteSlide: (id: string) => request(`/api/slides/${id}`, { method: 'DELETE' }),
  intakeSlides: (signal?: AbortSignal) =>
    json<SlidePage<IntakeSlide>>('/api/intake/slides?limit=200', signal ? { signal } : {}),
  deleteIntakeSlide: (id: string) => request(`/api/intake/slides/${id}`, { method: 'DELETE' }),

  importAnnotations: (slideId: string, file: File) => {
    const xml = /\.xml$/i.test(file.name)
    return json<ImportResult>(`/api/slides/${slideId}/annotations.${xml ? 'xml' : 'geojson'}`, {
      method: 'POST',
      body: file,
      type: xml ? 'application/xml' : 'application/geo+json',
    })
  },
}

export const thumbnailUrl = (id: string, max: number): string => `/tiles/${id}/thumbnail.jpeg?max=${max}`
