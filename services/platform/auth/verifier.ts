/** Verifies tokens of users and remembers: a good token costs one signature check, a revoked one is refused at once. */
import { createHash, type KeyObject } from 'node:crypto'
import type { AccessRevoked } from '@coverslip/proto/gen/events/v1/events.ts'
import { LRUCache } from 'lru-cache'
import { ServiceError } from '../errors.ts'
import { type Principal, principalOf } from './principal.ts'
import { type Claims, verifyToken } from './token.ts'

export interface Verifier {
  /** @throws ServiceError `unauthenticated` for a token that is wrong, expired or revoked. */
  verify(token: string): Promise<Principal>
  /** The event access.revoked. */
  revoke(event: AccessRevoked): void
}

interface Verified {
  claims: Claims
  principal: Principal
}

export function createVerifier(key: KeyObject, now: () => number = () => Date.now() / 1000): Verifier {
  const verified = new LRUCache<string, Verified>({ max: 10_000 })
  const revokedTokens = new Map<string, number>()
  const revokedUsers = new Map<string, { before: number; forgetAt: number }>()

  function check({ claims }: Verified): void {
    if (claims.exp <= now()) throw new ServiceError('unauthenticated', 'The credentials have expired; sign in again')
    const user = revokedUsers.get(claims.sub)
    const revoked = revokedTokens.has(claims.jti) || (claims.via !== undefined && revokedTokens.has(claims.via))
    if (revoked || (user && claims.iat < user.before)) {
      throw new ServiceError('unauthenticated', 'The credentials were revoked; sign in again')
    }
  }

  function forgetOld(): void {
    for (const [id, forgetAt] of revokedTokens) if (forgetAt < now()) revokedTokens.delete(id)
    for (const [id, { forgetAt }] of revokedUsers) if (forgetAt < now()) revokedUsers.delete(id)
  }

  return {
    async verify(token) {
      // The token itself must not stay in memory longer than the request; its hash is as good a key.
      const hash = createHash('sha256').update(token).digest('base64')
      let known = verified.get(hash)
      if (!known) {
        const claims = await verifyToken(key, token)
        known = { claims, principal: principalOf(claims) }
        verified.set(hash, known)
      }
      check(known)
      return known.principal
    },
    revoke({ what, at, forgetAt }) {
      forgetOld()
      if (what?.$case === 'tokenId') revokedTokens.set(what.value, Number(forgetAt))
      if (what?.$case === 'userId') revokedUsers.set(what.value, { before: Number(at), forgetAt: Number(forgetAt) })
    },
  }
}
