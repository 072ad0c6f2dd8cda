import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { decide, LEVEL_ACTIONS, projectsFor, ROLE_ACTIONS } from './policy.ts'
import type { Principal } from './principal.ts'
import {
  newSigningKey,
  readPrivateKey,
  readPublicKey,
  signServiceToken,
  signToken,
  verifyServiceToken,
  verifyToken,
} from './token.ts'
import { createVerifier } from './verifier.ts'

const pem = newSigningKey()
const key = readPrivateKey(pem)
const claims = { sub: 'u1', kind: 'session', roles: { p: 'viewer' }, level: 0, lifeSeconds: 60 } as const

const principal = (over: Partial<Principal>): Principal => ({
  userId: 'u1',
  kind: 'session',
  tokenId: 't1',
  roles: {},
  level: 0,
  slides: undefined,
  ownLink: false,
  idp: undefined,
  accountSince: undefined,
  site: undefined,
  expiresAt: new Date(),
  ...over,
})

test('a token is verified with the public key alone', async () => {
  const { token, claims: signed } = await signToken(key, claims)
  expect(await verifyToken(readPublicKey(pem), token)).toMatchObject({ sub: 'u1', jti: signed.jti })
})

test.each([
  ['of another key', async () => (await signToken(generateKeyPairSync('ed25519').privateKey, claims)).token],
  ['expired', async () => (await signToken(key, { ...claims, lifeSeconds: -1 })).token],
  ['cut short', async () => (await signToken(key, claims)).token.slice(0, -3)],
  ['no token at all', async () => 'owner'],
  ['of a service', () => signServiceToken(Buffer.alloc(32, 1), 'public')],
])('a token %s is refused', async (_what, make) => {
  await expect(verifyToken(readPublicKey(pem), await make())).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('revocation counts at once, by token and by user', async () => {
  const verifier = createVerifier(readPublicKey(pem))
  const first = await signToken(key, claims)
  const second = await signToken(key, claims)
  await verifier.verify(first.token)
  const forgetAt = BigInt(first.claims.exp)
  verifier.revoke({ what: { $case: 'tokenId', value: first.claims.jti }, at: 0n, forgetAt })
  await expect(verifier.verify(first.token)).rejects.toMatchObject({ code: 'unauthenticated' })
  await verifier.verify(second.token)
  verifier.revoke({ what: { $case: 'userId', value: 'u1' }, at: BigInt(second.claims.iat + 1), forgetAt })
  await expect(verifier.verify(second.token)).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('a remembered token still expires', async () => {
  let now = Date.now() / 1000
  const verifier = createVerifier(readPublicKey(pem), () => now)
  const { token } = await signToken(key, claims)
  await verifier.verify(token)
  now += 61
  await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('a service proves its name, another secret does not', async () => {
  const secret = Buffer.alloc(32, 7)
  expect(await verifyServiceToken(secret, await signServiceToken(secret, 'tiles'))).toBe('tiles')
  await expect(verifyServiceToken(Buffer.alloc(32, 8), await signServiceToken(secret, 'tiles'))).rejects.toMatchObject({
    code: 'unauthenticated',
  })
})

test('who may not know of a thing is told that there is none', () => {
  const question = { site: 'onprem', project: 'p', action: 'slide.delete' } as const
  expect(decide({ principal: principal({}), ...question })).toBe('unknown')
  expect(decide({ principal: principal({ roles: { other: 'owner' } }), ...question })).toBe('unknown')
  expect(decide({ principal: principal({ roles: { p: 'viewer' } }), ...question })).toBe('no')
  expect(decide({ principal: principal({ roles: { p: 'steward' } }), ...question })).toBe('yes')
  expect(decide({ principal: principal({ roles: { '*': 'owner' } }), ...question })).toBe('yes')
})

test('a grant opens its slides and nothing else', () => {
  const grant = principal({ kind: 'grant', roles: { p: 'viewer' }, slides: ['s1'] })
  const question = { principal: grant, site: 'onprem', project: 'p', action: 'slide.read' } as const
  expect(decide({ ...question, slide: 's1' })).toBe('yes')
  expect(decide({ ...question, slide: 's2' })).toBe('unknown')
  expect(decide(question)).toBe('unknown')
})

test('intake does not exist in the cloud, whoever asks', () => {
  const owner = principal({ roles: { '*': 'owner' } })
  expect(decide({ principal: owner, site: 'cloud', project: 'p', action: 'intake.read' })).toBe('no')
})

test('levels give data users what staff roles give staff', () => {
  expect(LEVEL_ACTIONS[0]).toEqual([])
  expect(decide({ principal: principal({ level: 1 }), site: 'cloud', project: 'p', action: 'slide.read' })).toBe('yes')
  expect(decide({ principal: principal({ level: 1 }), site: 'cloud', project: 'p', action: 'annotation.write' })).toBe(
    'no',
  )
  expect(ROLE_ACTIONS.viewer).not.toContain('annotation.write')
})

test('lists are limited to the projects in which the caller may read', () => {
  expect(projectsFor(principal({ roles: { a: 'viewer', b: 'owner' } }), 'onprem', 'intake.read')).toEqual(['b'])
  expect(projectsFor(principal({ roles: { '*': 'owner' } }), 'onprem', 'intake.read')).toEqual(['*'])
  expect(projectsFor(principal({}), 'onprem', 'slide.read')).toEqual([])
})

test.each(['constructor', '__proto__', 'toString'])('nobody is a member of a project for its name: %s', project => {
  const question = { site: 'onprem', project, action: 'slide.read' } as const
  expect(decide({ principal: principal({ roles: { p: 'owner' } }), ...question })).toBe('unknown')
  expect(decide({ principal: principal({ roles: { '*': 'viewer' } }), ...question })).toBe('yes')
})
