import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { newSigningKey, readPrivateKey, readPublicKey, signToken } from '../auth/token.ts'
import { createVerifier } from '../auth/verifier.ts'
import { createKnownCaller } from './known-caller.ts'

const key = newSigningKey()
const claims = { sub: 'u', kind: 'session', roles: { p: 'viewer' }, level: 0, lifeSeconds: 60 } as const
const sign = () => signToken(readPrivateKey(key), claims)
const bearer = (token: string) => ['Authorization', `Bearer ${token}`]

/** The parts of a request that are looked at. */
function request(socket: object, rawHeaders: string[]): IncomingMessage {
  const headers: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i]!.toLowerCase()] ??= rawHeaders[i + 1]!
  return { socket, rawHeaders, headers } as unknown as IncomingMessage
}

test('who was verified before is known, on this connection and on others; nobody else is', async () => {
  const verifier = createVerifier(readPublicKey(key))
  const known = createKnownCaller(verifier)
  const [one, other] = [(await sign()).token, (await sign()).token]
  const socket = {}
  expect(known(request(socket, bearer(one)))).toBeUndefined()
  const principal = await verifier.verify(one)
  expect(known(request(socket, bearer(one)))).toBe(principal)
  expect(known(request(socket, bearer(one)))).toBe(principal)
  expect(known(request({}, ['Host', 'x', 'cookie', `a=b; coverslip_session=${one}`]))).toBe(principal)
  expect(known(request(socket, bearer(other)))).toBeUndefined()
  expect(known(request(socket, ['Host', 'x']))).toBeUndefined()
  expect(known(request(socket, [...bearer(one), ...bearer(other)]))).toBeUndefined()
})

test('what is remembered of a connection ends with expiry and revocation', async () => {
  let now = Date.now() / 1000
  const verifier = createVerifier(readPublicKey(key), () => now)
  const known = createKnownCaller(verifier)
  const [first, second] = [await sign(), await sign()]
  const [socket, later] = [{}, {}]
  for (const { token } of [first, second]) await verifier.verify(token)
  expect(known(request(socket, bearer(first.token)))).toBeDefined()
  expect(known(request(later, bearer(second.token)))).toBeDefined()
  const forgetAt = BigInt(first.claims.exp)
  verifier.revoke({ what: { $case: 'tokenId', value: first.claims.jti }, at: 0n, forgetAt })
  expect(known(request(socket, bearer(first.token)))).toBeUndefined()
  expect(known(request(later, bearer(second.token)))).toBeDefined()
  now += 61
  expect(known(request(later, bearer(second.token)))).toBeUndefined()
})

test('a header that holds no credentials does not stand for those of another header', async () => {
  const verifier = createVerifier(readPublicKey(key))
  const known = createKnownCaller(verifier)
  const { token } = await sign()
  await verifier.verify(token)
  const socket = {}
  const mixed = request(socket, ['Authorization', 'Bearer ', 'Cookie', `coverslip_session=${token}`])
  expect(known(mixed)).toBeUndefined()
  expect(known(request(socket, ['Authorization', 'Bearer ']))).toBeUndefined()
})
