/** Signing in at an OpenID provider, from the button to the session, by HTTP as a browser does it. */
import { createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { access } from '@coverslip/access/module.ts'
import { publicGateway } from '@coverslip/gateway/public/module.ts'
import { verifyToken } from '@coverslip/platform/auth/token.ts'
import { type OpenIdProvider, type Person, startOpenIdProvider } from '@coverslip/platform/testing/openid-provider.ts'
import { freePort } from '@coverslip/platform/testing/ports.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import type { User } from '@coverslip/proto/api.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser } from './testing/browser.ts'

const ROLES = {
  pathology: { default: 'annotator' },
  'CN=Leads,OU=Lab': { default: 'steward', liver: 'owner' },
  'site admins': { '*': 'owner' },
}

let system: TestSystem
let provider: OpenIdProvider

const settings = (port: number): Record<string, string> => ({
  PORT: String(port),
  PUBLIC_URL: `http://127.0.0.1:${port}`,
  OIDC_ISSUER: provider.issuer,
  OIDC_CLIENT_ID: provider.clientId,
  OIDC_CLIENT_SECRET: provider.clientSecret,
  OIDC_ROLES: JSON.stringify(ROLES),
  OIDC_SIGN_OUT: '1',
  // Each browser has an address of its own, and so its own limit of attempts.
  TRUST_PROXY: '1',
})
async function start(more: Record<string, string> = {}): Promise<TestSystem> {
  const port = await freePort()
  if (!provider) {
    provider = await startOpenIdProvider()
    provider.admit(`http://127.0.0.1:${port}`)
  }
  return startSystem([access, publicGateway], { environment: { ...settings(port), ...more } })
}

beforeAll(async () => {
  system = await start()
})
afterAll(async () => {
  await system?.stop()
  await provider?.stop()
})

const person = (sub: string, more: Record<string, unknown> = {}): Person => ({
  sub,
  name: `Dr ${sub}`,
  email: `${sub}@hospital.example`,
  email_verified: true,
  groups: ['pathology'],
  ...more,
})
const sessionOf = async (browser: Browser): Promise<string> => browser.cookie(system.url, 'coverslip_session')
const claimsOf = async (browser: Browser) => {
  const key = createPublicKey(await readFile(join(system.data, 'keys/signing.pem'), 'utf8'))
  return verifyToken(key, await sessionOf(browser))
}
async function signIn(who: Person | undefined, browser = openBrowser()): Promise<Browser & { ended: string }> {
  provider.person = who
  const end = await browser.go(`${system.url}/api/sign-in/oidc`, address => address.pathname === '/sign-in')
  return Object.assign(browser, { ended: end.search })
}
const me = async (browser: Browser) => (await (await browser.fetch(`${system.url}/api/session`)).json()) as User
const asOwner = (path: string, body: unknown) =>
  system.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

describe('signing in at the provider', () => {
  it('is offered by name', async () => {
    const answer = await system.fetch('/api/sign-in/ways', { token: null })
    expect(await answer.json()).toEqual({ links: true, provider: { name: 'Hospital sign-in', signsOut: true } })
  })

  it('makes an account of whoever a group gives a role, and knows it again', async () => {
    const browser = await signIn(person('ada'))
    expect(browser.ended).toBe('?done')
    const user = await me(browser)
    expect(user).toMatchObject({ name: 'Dr ada', email: 'ada@hospital.example', roles: { default: 'annotator' } })
    const again = await signIn(person('ada', { name: 'Dr Ada L', email: 'new@hospital.example' }))
    expect(await me(again)).toMatchObject({ id: user.id, email: 'ada@hospital.example' })
  })

  it('keeps the session out of reach of scripts, and leaves nothing of the way there', async () => {
    const browser = await signIn(person('ada'))
    expect(browser.attributes(system.url, 'coverslip_session')).toMatch(/HttpOnly; SameSite=Lax/)
    expect(browser.cookie(system.url, 'coverslip_oidc')).toBe('')
    const log = await readFile(join(system.data, 'log.jsonl'), 'utf8')
    for (const secret of [await sessionOf(browser), 'hospital.example', 'Dr ada', provider.clientSecret]) {
      expect(log).not.toContain(secret)
    }
  })

  it('counts as a person of a look-up, and tells where it was', async () => {
    const browser = await signIn(person('ada'))
    expect(await claimsOf(browser)).toMatchObject({ ownLink: true, idp: provider.issuer, site: 'onprem' })
    const made = await browser.fetch(`${system.url}/api/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ label: 'x', days: 366 }),
    })
    const { token, info } = (await made.json()) as { token: string; info: { createdAt: string; expiresAt: string } }
    expect(Date.parse(info.expiresAt) - Date.parse(info.createdAt)).toBe(30 * 86_400_000)
    const key = createPublicKey(await readFile(join(system.data, 'keys/signing.pem'), 'utf8'))
    expect(await verifyToken(key, token)).toMatchObject({ idp: provider.issuer, roles: { default: 'annotator' } })
  })

  it('refuses whom neither a group nor an invitation lets in, and whoever turns back', async () => {
    expect((await signIn(person('eve', { groups: ['porters'] }))).ended).toBe('?problem=forbidden')
    expect((await signIn(undefined)).ended).toBe('?problem=unauthenticated')
  })
})

describe('groups', () => {
  it('give the role that may do most, also by names with commas', async () => {
    const browser = await signIn(person('bea', { groups: ['pathology', 'CN=Leads,OU=Lab', 'constructor'] }))
    expect((await me(browser)).roles).toEqual({ default: 'steward', liver: 'owner' })
  })

  it('that are lost end what was signed with them', async () => {
    const before = await signIn(person('cleo', { groups: ['CN=Leads,OU=Lab'] }))
    const after = await signIn(person('cleo'))
    await expect.poll(async () => (await before.fetch(`${system.url}/api/session`)).status, { timeout: 5000 }).toBe(401)
    expect((await me(after)).roles).toEqual({ default: 'annotator' })
  })

  it('go after what was given here, and for sign-ins at the provider alone', async () => {
    const wish = { email: 'dan@hospital.example', project: 'default', role: 'viewer' }
    const { link } = (await (await asOwner('/api/invitations', wish)).json()) as { link: string }
    const browser = await signIn(person('dan', { groups: ['pathology', 'CN=Leads,OU=Lab'] }))
    expect((await me(browser)).roles).toEqual({ default: 'viewer', liver: 'owner' })
    const byLink = openBrowser()
    await byLink.fetch(`${system.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: link.split('#')[1] }),
    })
    expect((await me(byLink)).roles).toEqual({ default: 'viewer' })
    expect((await me(byLink)).id).toBe((await me(browser)).id)
  })
})

describe('accounts', () => {
  it('that were invited by a verified address are joined, with or without a group', async () => {
    await asOwner('/api/invitations', { email: 'fay@hospital.example', project: 'lung', role: 'steward' })
    const browser = await signIn(person('fay', { groups: [], email: 'Fay@Hospital.example' }))
    expect((await me(browser)).roles).toEqual({ lung: 'steward' })
  })

  it('are never joined by an address that is not verified, nor made under it', async () => {
    await asOwner('/api/invitations', { email: 'gil@hospital.example', project: 'lung', role: 'owner' })
    const browser = await signIn(person('mallory', { email: 'gil@hospital.example', email_verified: false }))
    expect(await me(browser)).toMatchObject({ email: null, roles: { default: 'annotator' } })
    await signIn(person('oscar', { email: 'late@hospital.example', email_verified: undefined }))
    const answer = await asOwner('/api/invitations', { email: 'late@hospital.example', project: 'lung', role: 'owner' })
    const { user } = (await answer.json()) as { user: User }
    expect(user.roles).toEqual({ lung: 'owner' })
  })

  it('keep to one person when an address is handed on', async () => {
    const first = await signIn(person('hal', { email: 'desk@hospital.example' }))
    const second = await signIn(person('ida', { email: 'desk@hospital.example' }))
    expect((await me(second)).id).not.toBe((await me(first)).id)
    expect(await me(second)).toMatchObject({ email: null })
  })

  it('of the same name at another provider are others', async () => {
    const data = await mkdtemp(join(tmpdir(), 'coverslip-test-'))
    const port = await freePort()
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      const other = await startOpenIdProvider()
      other.admit(`http://127.0.0.1:${port}`)
      other.person = person('ada', { email: `ada-${i}@hospital.example` })
      const environment = { ...settings(port), OIDC_ISSUER: other.issuer }
      const there = await startSystem([access, publicGateway], { environment, data })
      const browser = openBrowser()
      await browser.go(`${there.url}/api/sign-in/oidc`, address => address.pathname === '/sign-in')
      ids.push(((await (await browser.fetch(`${there.url}/api/session`)).json()) as User).id)
      await Promise.all([there.stop(), other.stop()])
    }
    await rm(data, { recursive: true, force: true })
    expect(new Set(ids).size).toBe(2)
  })

  it('are made once by sign-ins at the same time', async () => {
    provider.person = person('jo', { email_verified: false })
    const browsers = await Promise.all(Array.from({ length: 4 }, () => signIn(provider.person)))
    expect(new Set(await Promise.all(browsers.map(async one => (await me(one)).id))).size).toBe(1)
  })
})

describe('what others might try', () => {
  /** A browser that has come back from the provider, but for the last step. */
  async function halfway(browser: Browser): Promise<URL> {
    provider.person = person('ada')
    return browser.go(`${system.url}/api/sign-in/oidc`, address => address.pathname.endsWith('/callback'))
  }
  const finish = (browser: Browser, address: URL) => browser.go(address.href, one => one.pathname === '/sign-in')

  it('an address from another browser signs nobody in', async () => {
    const theirs = await halfway(openBrowser())
    const browser = openBrowser()
    expect((await finish(browser, theirs)).search).toBe('?problem=unauthenticated')
    await halfway(browser)
    expect((await finish(browser, theirs)).search).toBe('?problem=unauthenticated')
    expect(await sessionOf(browser)).toBe('')
  })

  it('works once', async () => {
    const browser = openBrowser()
    const address = await halfway(browser)
    const secret = browser.cookie(address.href, 'coverslip_oidc')
    expect((await finish(browser, address)).search).toBe('?done')
    browser.setCookie(system.url, 'coverslip_oidc', secret)
    expect((await finish(browser, address)).search).toBe('?problem=unauthenticated')
  })

  it('a session from before is not taken over', async () => {
    const browser = openBrowser()
    const planted = await system.token({ sub: 'mallory', kind: 'session' })
    browser.setCookie(system.url, 'coverslip_session', planted)
    await signIn(person('ada'), browser)
    expect(await sessionOf(browser)).not.toBe(planted)
    expect((await me(browser)).name).toBe('Dr ada')
  })

  it.each(['next=https://evil.example', 'redirect_uri=https://evil.example', 'return_to=//evil.example'])(
    'no request says where to go: %s',
    async query => {
      const browser = openBrowser()
      const asked = await browser.fetch(`${system.url}/api/sign-in/oidc?${query}`)
      const there = new URL(asked.headers.get('location')!)
      expect([there.origin, there.searchParams.get('redirect_uri')]).toEqual([
        provider.issuer,
        `${system.publicUrl}/api/sign-in/oidc/callback`,
      ])
      expect(there.searchParams.get('code_challenge_method')).toBe('S256')
      const back = await browser.fetch(`${system.url}/api/sign-in/oidc/callback?${query}`)
      expect([back.status, back.headers.get('location')]).toEqual([303, '/sign-in?problem=unauthenticated'])
    },
  )

  it.each([
    ['an answer of another issuer', (query: URLSearchParams) => query.set('iss', 'https://evil.example')],
    ['another state', (query: URLSearchParams) => query.set('state', 'guessed')],
    ['another code', (query: URLSearchParams) => query.set('code', 'guessed')],
    ['no code', (query: URLSearchParams) => query.delete('code')],
  ])('%s is refused', async (_, spoil) => {
    const browser = openBrowser()
    const address = await halfway(browser)
    spoil(address.searchParams)
    expect((await finish(browser, address)).search).toBe('?problem=unauthenticated')
    expect(await sessionOf(browser)).toBe('')
  })
})

describe('signing out', () => {
  it('ends the session here and leads to the provider', async () => {
    const browser = await signIn(person('ada'))
    expect((await browser.fetch(`${system.url}/api/session`, { method: 'DELETE' })).status).toBe(204)
    const there = await browser.fetch(`${system.url}/api/sign-in/oidc/sign-out`)
    const address = new URL(there.headers.get('location')!)
    expect(address.origin).toBe(provider.issuer)
    expect(address.searchParams.get('post_logout_redirect_uri')).toBe(`${system.publicUrl}/sign-in`)
    expect((await fetch(address, { redirect: 'manual' })).status).toBeLessThan(400)
  })
})

describe('with links switched off, and the provider away', () => {
  it('says so on the sign-in page, hands out no link, and lets the owner in by that of the start', async () => {
    const alone = await start({ OIDC_ISSUER: 'http://127.0.0.1:9/away', SIGN_IN_LINKS: '0' })
    try {
      const begun = await alone.fetch('/api/sign-in/oidc', { token: null })
      expect([begun.status, begun.headers.get('location')]).toEqual([303, '/sign-in?problem=unavailable'])
      const post = (path: string, body: unknown) =>
        alone.fetch(path, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        })
      expect((await post('/api/sign-in-links', { email: 'owner@coverslip.internal' })).status).toBe(415)
      const invited = await post('/api/invitations', { email: 'a@b.example', role: 'viewer' })
      expect(await invited.json()).toMatchObject({ link: '', mailed: false })
      const log = await readFile(join(alone.data, 'log.jsonl'), 'utf8')
      const code = /sign-in#([\w-]+)/.exec(log)![1]
      expect((await post('/api/session', { code })).status).toBe(200)
    } finally {
      await alone.stop()
    }
  })
})
