/** Makes the HttpCall that handlers see: credentials, parsed query, and the check that nobody may forget. */
import type { IncomingMessage } from 'node:http'
import type { Action, RouteAccess } from '@coverslip/proto/api.ts'
import { decide, projectsFor } from '../auth/policy.ts'
import type { Principal } from '../auth/principal.ts'
import type { Verifier } from '../auth/verifier.ts'
import { ServiceError, unknownThing } from '../errors.ts'
import type { HttpCall } from '../module.ts'
import type { CompiledRoute } from './routes.ts'

const SESSION_COOKIE = 'coverslip_session'
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface Credentials {
  token: string
  cookie: boolean
}

/** The bearer token, else the session cookie. */
export function credentialsOf(req: Pick<IncomingMessage, 'headers'>): Credentials | undefined {
  const [scheme, token] = (req.headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && token) return { token, cookie: false }
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=')
    if (name === SESSION_COOKIE && value) return { token: value, cookie: true }
  }
  return undefined
}

/** What a request asks for, as far as its origin matters. */
export interface Asked {
  upgrade?: boolean
  /** See RouteSpec. */
  readOnly?: boolean | undefined
}

/**
 * Refuses what another web site makes a browser send: an unsafe method or a WebSocket with an Origin that is not ours. A
 * bearer token is nothing that a browser adds by itself, and is sent only where CORS has allowed it.
 * @throws ServiceError `forbidden`
 */
export function checkOrigin(req: IncomingMessage, publicUrl: string, { upgrade = false, readOnly }: Asked = {}): void {
  if (SAFE.has(req.method ?? 'GET') && !upgrade) return
  if (readOnly && credentialsOf(req)?.cookie === false) return
  const { origin, host, 'sec-fetch-site': site } = req.headers
  // Browsers send an Origin here; where one was stripped on the way, they still say where the request comes from.
  if (origin === undefined && (site === undefined || site === 'same-origin' || site === 'none')) return
  if (origin !== undefined && origin === publicUrl) return
  if (origin !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return
  throw new ServiceError('forbidden', 'The request comes from another web site')
}

export interface CheckedCall extends HttpCall {
  /** Parsed after the caller is known. */
  body: unknown
  /** Whether the handler has asked for permission. */
  wasChecked(): boolean
}

/**
 * @throws ServiceError `unauthenticated` without good credentials, unless the route is for anyone
 */
export async function makeCall(
  context: { site: string; verifier: Verifier },
  req: IncomingMessage,
  route: CompiledRoute,
  given: {
    params: Record<string, string>
    path: string
    query: Record<string, unknown>
    /** Made when it is asked for: most handlers never do. */
    signal: () => AbortSignal
  },
): Promise<CheckedCall> {
  const credentials = credentialsOf(req)
  const principal = await identify(context.verifier, credentials, route.spec.access)
  let checked = route.spec.access === 'anyone' || route.spec.access === 'user'
  const who = (): Principal => {
    if (principal) return principal
    throw new ServiceError('unauthenticated', 'Sign in first')
  }
  const actionOf = (action: Action | undefined): Action => action ?? (route.spec.access as Action)
  let signal: AbortSignal | undefined
  return {
    params: given.params,
    path: given.path,
    query: given.query,
    body: undefined,
    get signal() {
      signal ??= given.signal()
      return signal
    },
    method: req.method ?? 'GET',
    headers: req.headers,
    stream: req,
    get principal() {
      return who()
    },
    get token() {
      who()
      return credentials!.token
    },
    cookie: credentials?.cookie ?? false,
    wasChecked: () => checked,
    allow(resource, action) {
      checked = true
      const verdict = decide({ principal: who(), site: context.site, action: actionOf(action), ...resource })
      if (verdict === 'unknown') throw unknownThing()
      if (verdict === 'no') throw new ServiceError('forbidden', 'Your role does not allow this')
    },
    projects(action) {
      checked = true
      return projectsFor(who(), context.site, actionOf(action))
    },
  }
}

async function identify(
  verifier: Verifier,
  credentials: Credentials | undefined,
  access: RouteAccess,
): Promise<Principal | undefined> {
  if (access === 'anyone') return credentials && verifier.verify(credentials.token).catch(() => undefined)
  if (!credentials) throw new ServiceError('unauthenticated', 'Sign in first, or send an API token')
  const principal = await verifier.verify(credentials.token)
  // A grant shows one slide; it opens no account and no list.
  if (principal.kind === 'grant' && access === 'user')
    throw new ServiceError('forbidden', 'A grant only opens its slide')
  return principal
}
