/** Verifies tokens of users and remembers: a good token costs one signature check, a revoked one is refused at once. */
import { hash, type KeyObject } from 'node:crypto'
import type { AccessRevoked } from '@coverslip/proto/gen/events/v1/events.ts'
import { LRUCache } from 'lru-cache'
import { ServiceError } from '../errors.ts'
import { type Principal, principalOf } from './principal.ts'
import { type Claims, verifyToken } from './token.ts'

export interface Verified {
  readonly claims: Claims
  readonly principal: Principal
}

export interface Verifier {
  /** @throws ServiceError `unauthenticated` for a token that is wrong, expired or revoked. */
  verify(token: string): Promise<Principal>
  /** A token that was verified before, whether or not it still holds. */
  recall(token: string): Verified | undefined
  /** Whether a token that was verified is neither expired nor revoked. */
  holds(verified: Verified): boolean
  /** The event access.revoked. */
  revoke(event: AccessRevoked): void
}

/** The token itself must not stay in memory longer than its connection; its hash is as good a key. */
const keyOf = (token: string): string => hash('sha256', token, 'base64')

export function createVerifier(publicKey: KeyObject, now: () => number = () => Date.now() / 1000): Verifier {
  const verified = new LRUCache<string, Verified>({ max: 10_000 })
  const revokedTokens = new Map<string, number>()
  const revokedUsers = new Map<string, { before: number; forgetAt: number }>()

  const isExpired = ({ claims }: Verified): boolean => claims.exp <= now()

  function isRevoked({ claims }: Verified): boolean {
    if (revokedTokens.has(claims.jti) || (claims.via !== undefined && revokedTokens.has(claims.via))) return true
    const user = revokedUsers.get(claims.sub)
    return user !== undefined && claims.iat < user.before
  }

  function check(known: Verified): void {
    if (isExpired(known)) throw new ServiceError('unauthenticated', 'The credentials have expired; sign in again')
    if (isRevoked(known)) throw new ServiceError('unauthenticated', 'The credentials were revoked; sign in again')
  }

  function forgetOld(): void {
    for (const [id, forgetAt] of revokedTokens) if (forgetAt < now()) revokedTokens.delete(id)
    for (const [id, { forgetAt }] of revokedUsers) if (forgetAt < now()) revokedUsers.delete(id)
  }

  return {
    async verify(token) {
      const key = keyOf(token)
      let known = verified.get(key)
      if (!known) {
        const claims = await verifyToken(publicKey, token)
        known = { claims, principal: principalOf(claims) }
        verified.set(key, known)
      }
      check(known)
      return known.principal
    },
    recall: token => verified.get(keyOf(token)),
    holds: known => !isExpired(known) && !isRevoked(known),
    revoke({ what, at, forgetAt }) {
      forgetOld()
      if (what?.$case === 'tokenId') revokedTokens.set(what.value, Number(forgetAt))
      if (what?.$case === 'userId') revokedUsers.set(what.value, { before: Number(at), forgetAt: Number(forgetAt) })
    },
  }
}
