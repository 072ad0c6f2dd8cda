/** Coming in and going out: the session cookie, sign-in links, the OpenID provider. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpAnswer, HttpCall, HttpRoutes } from '@coverslip/platform/module.ts'
import type { User } from '@coverslip/proto/api.ts'
import type { User as UserMessage } from '@coverslip/proto/gen/access/v1/access.ts'
import type { Clients, PublicDeps } from './clients.ts'
import { signInLimit } from './rate-limit.ts'

/** Platform reads the cookie of this name. */
const COOKIE = 'coverslip_session'

/**
 * @param maxAgeSeconds 0 removes the cookie
 * @param publicUrl its scheme tells whether browsers reach us encrypted
 */
export const sessionCookie = (value: string, maxAgeSeconds: number, publicUrl: string): string =>
  cookie(COOKIE, value, '/', maxAgeSeconds, publicUrl)

/** Ties a sign-in at the provider to this browser. Lax: it has to come along when the provider sends the browser back. */
const PROVIDER_COOKIE = 'coverslip_oidc'
const PROVIDER_PATH = '/api/sign-in/oidc'
const providerCookie = (value: string, maxAgeSeconds: number, publicUrl: string): string =>
  cookie(PROVIDER_COOKIE, value, PROVIDER_PATH, maxAgeSeconds, publicUrl)

function cookie(name: string, value: string, path: string, maxAgeSeconds: number, publicUrl: string): string {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${name}=${value}; Path=${path}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
}

/** What a cookie of this name says; the first when there are several. */
export function cookieOf(headers: HttpCall['headers'], name: string): string {
  const pairs = String(headers.cookie ?? '').split(';')
  const found = pairs.map(pair => pair.trim()).find(pair => pair.startsWith(`${name}=`))
  return found?.slice(name.length + 1) ?? ''
}

/** The client's address; the last entry of X-Forwarded-For is the one that our own proxy wrote. */
export function clientAddress(call: Pick<HttpCall, 'headers' | 'stream'>, trustProxy: boolean): string {
  const forwarded = trustProxy ? String(call.headers['x-forwarded-for'] ?? '') : ''
  return forwarded.split(',').at(-1)!.trim() || (call.stream.socket.remoteAddress ?? '')
}

export function toUser(message: UserMessage): User {
  return {
    id: message.userId,
    email: message.email || null,
    name: message.name,
    roles: message.roles as User['roles'],
    level: message.level,
  }
}

/** A browser on its way sees the sign-in page say what went wrong, not an answer for programs. */
async function orSignInPage(answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { status: 303, headers: { location: `/sign-in?problem=${error.code}` } }
  }
}

/** Browsers come and go by these; nothing in a request says where to. */
function providerRoutes(
  { config: { PUBLIC_URL: publicUrl, TRUST_PROXY: trustProxy } }: PublicDeps,
  { access }: Pick<Clients, 'access'>,
  limit: (address: string) => void,
): NonNullable<HttpRoutes['routes']> {
  return {
    'GET /api/sign-in/oidc': call =>
      orSignInPage(async () => {
        limit(clientAddress(call, trustProxy))
        const { url, secret, lifeSeconds } = await access.beginProviderSignIn({})
        return { headers: { location: url, 'set-cookie': providerCookie(secret, lifeSeconds, publicUrl) } }
      }),
    async 'GET /api/sign-in/oidc/callback'(call) {
      const gone = providerCookie('', 0, publicUrl)
      const { status, headers } = await orSignInPage(async () => {
        limit(clientAddress(call, trustProxy))
        const query = new URLSearchParams(call.query as Record<string, string>).toString()
        const secret = cookieOf(call.headers, PROVIDER_COOKIE)
        const { session, expiresAt } = await access.finishProviderSignIn({ secret, query })
        const left = Number(expiresAt) - Math.floor(Date.now() / 1000)
        return { headers: { location: '/sign-in?done', 'set-cookie': sessionCookie(session, left, publicUrl) } }
      })
      const cookies = [headers?.['set-cookie'] ?? [], gone].flat()
      return { status: status ?? 303, headers: { ...headers, 'set-cookie': cookies } }
    },
    'GET /api/sign-in/oidc/sign-out': () =>
      orSignInPage(async () => ({ headers: { location: (await access.getProviderSignOut({})).url } })),
  }
}

export function sessionRoutes(deps: PublicDeps, { access }: Clients): NonNullable<HttpRoutes['routes']> {
  const { PUBLIC_URL: publicUrl, TRUST_PROXY: trustProxy } = deps.config
  const limit = signInLimit()
  return {
    ...providerRoutes(deps, { access }, limit),
    async 'GET /api/sign-in/ways'() {
      const { links, provider: name, providerSignOut: signsOut } = await access.getSignInWays({})
      return { body: { links, provider: name ? { name, signsOut } : null } }
    },
    async 'POST /api/session'(call) {
      limit(clientAddress(call, trustProxy))
      const { code } = call.body as { code: string }
      const { session, expiresAt, user } = await access.signIn({ code })
      const left = Number(expiresAt) - Math.floor(Date.now() / 1000)
      return { headers: { 'set-cookie': sessionCookie(session, left, publicUrl) }, body: toUser(user!) }
    },
    async 'GET /api/session'(call) {
      const { user } = await access.getCaller({}, { onBehalfOf: call.token })
      // Rights as these credentials carry them: those of the account may have grown since.
      const { roles, level } = call.principal
      return { body: { ...toUser(user!), roles, level } }
    },
    async 'DELETE /api/session'(call) {
      await access.revokeToken({ tokenId: call.principal.tokenId }, { onBehalfOf: call.token })
      return { status: 204, headers: { 'set-cookie': sessionCookie('', 0, publicUrl) } }
    },
    async 'POST /api/sign-in-links'(call) {
      limit(clientAddress(call, trustProxy))
      const { email } = call.body as { email: string }
      await access.requestSignInLink({ email })
      return { status: 202 }
    },
  }
}
