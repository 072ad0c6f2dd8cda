/** Coming in and going out: the session cookie, sign-in links. */
import type { HttpCall, HttpRoutes } from '@coverslip/platform/module.ts'
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
export function sessionCookie(value: string, maxAgeSeconds: number, publicUrl: string): string {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${COOKIE}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
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

export function sessionRoutes(deps: PublicDeps, { access }: Clients): NonNullable<HttpRoutes['routes']> {
  const { PUBLIC_URL: publicUrl, TRUST_PROXY: trustProxy } = deps.config
  const limit = signInLimit()
  return {
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
