/** What a provider must not get away with: one that lies, signs wrongly or is ill. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProvider, type Provider } from './client.ts'
import { proofsOf } from './secrets.ts'

const proofs = proofsOf('a secret of this browser')
const [own, foreign] = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
]
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What the provider does next. */
interface Doing {
  claims: Record<string, unknown>
  header: Record<string, unknown>
  key: KeyObject
  userinfo: Record<string, unknown>
  /** Status of whatever it is asked. */
  status: number
}
let doing: Doing
let server: Server
let issuer: string
let provider: Provider
let reasons: string[]

const jwt = ({ claims, header, key }: Doing): string => {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
const now = (): number => Math.floor(Date.now() / 1000)
const honest = (): Doing => ({
  claims: { iss: issuer, aud: 'coverslip', sub: 'ada', nonce: proofs.nonce, iat: now(), exp: now() + 60 },
  header: { alg: 'ES256', kid: 'own' },
  key: own.privateKey,
  userinfo: { sub: 'ada', groups: ['pathology'] },
  status: 200,
})
function answerOf(path: string): unknown {
  if (path === '/.well-known/openid-configuration') {
    const at = (name: string) => `${issuer}/${name}`
    return {
      issuer,
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      jwks_uri: at('keys'),
      userinfo_endpoint: at('me'),
      id_token_signing_alg_values_supported: ['ES256'],
    }
  }
  if (path === '/keys')
    return { keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'own', alg: 'ES256', use: 'sig' }] }
  if (path === '/me') return doing.userinfo
  return { access_token: 'x', token_type: 'Bearer', id_token: jwt(doing) }
}
beforeAll(async () => {
  server = createServer((req, res) => {
    const { status } = doing
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answerOf(req.url!)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server?.close())

async function claims(change: (doing: Doing) => void, query = `code=c&state=${proofs.state}`) {
  doing = honest()
  reasons = []
  provider = openProvider(
    {
      issuer,
      clientId: 'coverslip',
      clientSecret: 'secret',
      scope: 'openid',
      redirectUri: 'https://slides.example/api/sign-in/oidc/callback',
      signedOutUri: 'https://slides.example/sign-in',
    },
    reason => reasons.push(reason),
  )
  await provider.signInUrl(proofs)
  change(doing)
  return provider.claims(query, proofs)
}

describe('an honest provider', () => {
  it('is believed, also what it tells beside the ID token', async () => {
    expect(await claims(() => {})).toMatchObject({ iss: issuer, sub: 'ada', groups: ['pathology'] })
  })
  it('cannot say something else there than it signed', async () => {
    const told = await claims(({ userinfo }) => Object.assign(userinfo, { iss: 'other', groups: [] }))
    expect(told.iss).toBe(issuer)
  })
})

describe('an ID token', () => {
  it.each<[string, (doing: Doing) => void]>([
    ['for another client', ({ claims }) => Object.assign(claims, { aud: 'somebody-else' })],
    ['of another issuer', ({ claims }) => Object.assign(claims, { iss: 'https://evil.example' })],
    ['of another sign-in', ({ claims }) => Object.assign(claims, { nonce: 'another' })],
    ['without a nonce', ({ claims }) => Object.assign(claims, { nonce: undefined })],
    ['that has expired', ({ claims }) => Object.assign(claims, { iat: now() - 600, exp: now() - 300 })],
    ['without a subject', ({ claims }) => Object.assign(claims, { sub: undefined })],
    ['signed by somebody else', doing => Object.assign(doing, { key: foreign.privateKey })],
    ['that nobody signed', doing => Object.assign(doing, { header: { alg: 'none' } })],
    ['beside the data of somebody else', ({ userinfo }) => Object.assign(userinfo, { sub: 'mallory' })],
  ])('%s is refused', async (_, change) => {
    await expect(claims(change)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(reasons).toEqual([expect.stringMatching(/^[A-Z_]+$/)])
  })
})

describe('a provider in trouble', () => {
  it('passes', async () => {
    await expect(claims(doing => Object.assign(doing, { status: 503 }))).rejects.toMatchObject({ code: 'unavailable' })
    expect(reasons).toEqual(['away'])
  })
  it('that refuses is named by its reason', async () => {
    await expect(claims(() => {}, `error=access_denied&state=${proofs.state}`)).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    expect(reasons).toEqual(['access_denied'])
  })
  it('without an address for signing out says so', async () => {
    await claims(() => {})
    await expect(provider.signOutUrl()).rejects.toMatchObject({ code: 'unsupported' })
  })
})
