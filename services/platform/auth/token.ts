/**
 * One signed format for sessions, API tokens and tile grants: a JWT signed with Ed25519 by access, verified by every
 * service with the public key alone. Calls between services carry an HMAC token of the caller instead, so that a stolen
 * service secret makes no users.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { ServiceError } from '../errors.ts'

const ISSUER = 'coverslip'
export const roleSchema = z.enum(['owner', 'steward', 'annotator', 'viewer'])
export type Role = z.infer<typeof roleSchema>

const claimsSchema = z.object({
  sub: z.string().min(1),
  kind: z.enum(['session', 'token', 'grant']),
  roles: z.record(z.string(), roleSchema),
  level: z.number().int().min(0).max(3),
  slides: z.array(z.string()).optional(),
  /** The token that this one was made with: revoking that one revokes this. */
  via: z.string().optional(),
  /** Whether the link that began this sign-in went to the account's own address, and to nobody else. */
  ownLink: z.boolean().optional(),
  /** The issuer of the OpenID provider where they signed in. */
  idp: z.string().optional(),
  /** When the account was made. */
  accountSince: z.number().optional(),
  /** The site that has the account. Sites may share a key, and one person may have an account at each. */
  site: z.string().optional(),
  jti: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
})
/** Times are seconds since 1970; `sub` is the user's id, `jti` the token's. */
export type Claims = z.infer<typeof claimsSchema>
export type NewClaims = Omit<Claims, 'jti' | 'iat' | 'exp'> & { lifeSeconds: number }

/** A new Ed25519 private key as PKCS #8 PEM. */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
export const readPrivateKey = (pem: string): KeyObject => createPrivateKey(pem)
/** The public half of a private or public key in PEM. */
export const readPublicKey = (pem: string): KeyObject => createPublicKey(pem)

export async function signToken(key: KeyObject, claims: NewClaims): Promise<{ token: string; claims: Claims }> {
  const iat = Math.floor(Date.now() / 1000)
  const { lifeSeconds, ...rest } = claims
  const full: Claims = { ...rest, jti: randomUUID(), iat, exp: iat + lifeSeconds }
  const token = await new SignJWT({ ...full }).setProtectedHeader({ alg: 'EdDSA' }).setIssuer(ISSUER).sign(key)
  return { token, claims: full }
}

/** @throws ServiceError `unauthenticated` for anything but a well-formed, unexpired token signed by this key. */
export async function verifyToken(key: KeyObject, token: string): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: ['EdDSA'], issuer: ISSUER })
    return claimsSchema.parse(payload)
  } catch (cause) {
    const why = cause instanceof errors.JWTExpired ? 'The credentials have expired' : 'The credentials are not valid'
    throw new ServiceError('unauthenticated', `${why}; sign in again`, { cause })
  }
}

const SERVICE_AUDIENCE = 'coverslip-rpc'

/** A token by which a service proves its name to another; lives two minutes. */
export async function signServiceToken(secret: Uint8Array, service: string): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(service)
    .setIssuer(ISSUER)
    .setAudience(SERVICE_AUDIENCE)
    .setExpirationTime('2m')
    .sign(secret)
}

/** The calling service's name. @throws ServiceError `unauthenticated`. */
export async function verifyServiceToken(secret: Uint8Array, token: string): Promise<string> {
  try {
    const options = { algorithms: ['HS256'], issuer: ISSUER, audience: SERVICE_AUDIENCE }
    const { payload } = await jwtVerify(token, secret, options)
    return z.string().min(1).parse(payload.sub)
  } catch (cause) {
    throw new ServiceError('unauthenticated', 'The calling service did not prove its name', { cause })
  }
}
