import { createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyToken } from '@coverslip/platform/auth/token.ts'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { AccessServiceDefinition } from '@coverslip/proto/gen/access/v1/access.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { access } from './module.ts'

let system: TestSystem
let client: Awaited<ReturnType<typeof connect>>['client']
let close: () => void

const connect = () => rpcAs(system, 'public', 'access', AccessServiceDefinition)
const ownerToken = async () => (await readFile(join(system.data, 'owner-token'), 'utf8')).trim()
const asOwner = async () => ({ onBehalfOf: await ownerToken() })
const claimsOf = async (token: string) => {
  const key = createPublicKey(await readFile(join(system.data, 'keys/signing.pem'), 'utf8'))
  return verifyToken(key, token)
}
const logged = async () => readFile(join(system.data, 'log.jsonl'), 'utf8')
const linksLogged = async () => [...(await logged()).matchAll(/sign-in#([A-Za-z0-9_-]+)/g)].map(([, code]) => code!)

async function eventually<Value>(ask: () => Promise<Value>, good: (value: Value) => boolean): Promise<Value> {
  for (let i = 0; ; i++) {
    const value = await ask()
    if (good(value) || i === 100) return value
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
async function invited(email: string, role = 'annotator', project = 'default') {
  const { code, user } = await client.invite({ email, role, project }, await asOwner())
  const { session } = await client.signIn({ code })
  return { session, userId: user!.userId }
}

/** Starts on the same data again and again, as an installation does. */
async function start(data: string): Promise<void> {
  system = await startSystem([access], { data })
  ;({ client, close } = await connect())
}
async function stop(): Promise<void> {
  close?.()
  await system?.stop()
}

beforeAll(async () => start(await mkdtemp(join(tmpdir(), 'coverslip-test-'))))
afterAll(async () => {
  await stop()
  await rm(system.data, { recursive: true, force: true })
})

describe('the first start', () => {
  it("writes the owner's token for the operator alone", async () => {
    const { mode } = await stat(join(system.data, 'owner-token'))
    expect(mode & 0o777).toBe(0o600)
    expect(await claimsOf(await ownerToken())).toMatchObject({ kind: 'token', roles: { '*': 'owner' } })
    expect(await logged()).not.toContain(await ownerToken())
  })

  it('prints a link that signs the owner in, once', async () => {
    const [code] = await eventually(linksLogged, codes => codes.length > 0)
    const { user, session } = await client.signIn({ code: code! })
    expect(user).toMatchObject({ email: 'owner@coverslip.internal', roles: { '*': 'owner' } })
    expect(await claimsOf(session)).toMatchObject({ kind: 'session', sub: user!.userId })
    await expect(client.signIn({ code: code! })).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('signing in', () => {
  it('redeems a code for one of many who try at once', async () => {
    const { code } = await client.invite(
      { email: 'a@example.org', role: 'viewer', project: 'default' },
      await asOwner(),
    )
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => client.signIn({ code })))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('keeps no code and no token as they are', async () => {
    const { code } = await client.invite(
      { email: 'b@example.org', role: 'viewer', project: 'default' },
      await asOwner(),
    )
    const { session } = await client.signIn({ code })
    const { records } = await client.listSignIns({})
    expect(JSON.stringify(records)).not.toContain(session)
    expect(records.map(({ what }) => what)).toEqual(expect.arrayContaining(['invited', 'signed-in', 'refused']))
  })

  it('answers the same whether an address has an account, and prints a link only for one that has', async () => {
    const before = (await linksLogged()).length
    expect(await client.requestSignInLink({ email: 'nobody@example.org' })).toEqual({})
    expect(await client.requestSignInLink({ email: 'A@Example.org' })).toEqual({})
    const links = await eventually(linksLogged, codes => codes.length > before)
    expect(links).toHaveLength(before + 1)
    expect((await client.signIn({ code: links.at(-1)! })).user).toMatchObject({ email: 'a@example.org' })
    expect(await logged()).not.toContain('example.org')
  })

  it('tells whether somebody else was given the link, also of tokens that are made then, and since when the account is', async () => {
    const { session: given } = await invited('lend@example.org')
    const before = (await linksLogged()).length
    await client.requestSignInLink({ email: 'lend@example.org' })
    const links = await eventually(linksLogged, codes => codes.length > before)
    const { session: own } = await client.signIn({ code: links.at(-1)! })
    const tokenOf = async (session: string) => {
      const { token } = await client.createToken({ label: 'x' }, { onBehalfOf: session })
      return claimsOf(token)
    }
    for (const claims of [await claimsOf(given), await tokenOf(given)]) {
      expect(claims).not.toHaveProperty('ownLink')
      expect(claims.accountSince).toBeCloseTo(Date.now() / 1000, -3)
    }
    for (const claims of [await claimsOf(own), await tokenOf(own)])
      expect(claims).toMatchObject({ ownLink: true, site: 'onprem' })
    // A file is not a person.
    expect(await claimsOf(await ownerToken())).not.toHaveProperty('ownLink')
  })

  it('refuses an address that asks again and again, known or not', async () => {
    const ask = () => client.requestSignInLink({ email: 'c@example.org' })
    for (let i = 0; i < 5; i++) await ask()
    await expect(ask()).rejects.toMatchObject({ code: 'too-many' })
  })
})

describe('invitations', () => {
  it('revoke what was signed before when a role changes, and nothing when it does not', async () => {
    const { session } = await invited('d@example.org', 'annotator')
    await client.invite({ email: 'd@example.org', role: 'annotator', project: 'default' }, await asOwner())
    await client.getCaller({}, { onBehalfOf: session })
    await client.invite({ email: 'd@example.org', role: 'viewer', project: 'default' }, await asOwner())
    const refused = () => client.getCaller({}, { onBehalfOf: session }).catch(error => error.code)
    expect(await eventually(refused, code => code === 'unauthenticated')).toBe('unauthenticated')
    const again = await invited('d@example.org', 'viewer')
    expect((await client.getCaller({}, { onBehalfOf: again.session })).user!.roles).toEqual({ default: 'viewer' })
  })

  it('never hand a project owner a code that signs in as somebody with more rights', async () => {
    const { session } = await invited('e@example.org', 'owner', 'liver')
    const mine = { onBehalfOf: session }
    const wish = { email: 'owner@coverslip.internal', role: 'viewer', project: 'liver' }
    expect(await client.invite(wish, mine)).toMatchObject({
      code: '',
      mailed: false,
      user: { roles: { '*': 'owner' } },
    })
    const fresh = await client.invite({ email: 'f@example.org', role: 'viewer', project: 'liver', level: 3 }, mine)
    expect(fresh.code).not.toBe('')
    expect(fresh.user).toMatchObject({ level: 0, name: 'f' })
    const { users } = await client.listUsers({}, mine)
    expect(users.map(({ email }) => email).sort()).toEqual(['e@example.org', 'f@example.org'])
  })

  it('leave nobody who held an early code or session of an account with what it is given later', async () => {
    const scribe = await system.token({ sub: 'owner-of-lung', roles: { lung: 'owner' } })
    const invite = (project: string) => client.invite({ email: 'newcomer@example.org', role: 'viewer', project }, by)
    const by = { onBehalfOf: scribe }
    const early = await client.signIn({ code: (await invite('lung')).code })
    const { code: held } = await invite('lung')
    const later = { email: 'newcomer@example.org', role: 'steward', project: 'heart' }
    const { code } = await client.invite(later, await asOwner())
    await expect(client.signIn({ code: held })).rejects.toMatchObject({ code: 'unauthenticated' })
    const { token } = await client.createToken({ label: 'x' }, { onBehalfOf: early.session })
    expect(await claimsOf(token)).toMatchObject({ roles: { lung: 'viewer' } })
    expect((await client.signIn({ code })).user).toMatchObject({ roles: { lung: 'viewer', heart: 'steward' } })
  })

  it('tell a project owner of their own projects only', async () => {
    await invited('of-two@example.org', 'viewer', 'heart')
    const scribe = await system.token({ sub: 'owner-of-lung', roles: { lung: 'owner' } })
    const wish = { email: 'of-two@example.org', role: 'viewer', project: 'lung' }
    expect((await client.invite(wish, { onBehalfOf: scribe })).user?.roles).toEqual({ lung: 'viewer' })
  })

  it('leave at least one owner of everything', async () => {
    const wish = { email: 'owner@coverslip.internal', role: 'viewer', project: '*' }
    await expect(client.invite(wish, await asOwner())).rejects.toMatchObject({ code: 'conflict' })
  })

  it('refuse roles that there are not', async () => {
    const wish = { email: 'g@example.org', role: 'root', project: 'default' }
    await expect(client.invite(wish, await asOwner())).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('tokens', () => {
  it('are listed without grants, and revoked for good', async () => {
    const { session } = await invited('h@example.org')
    const mine = { onBehalfOf: session }
    const { token, info } = await client.createToken({ label: 'CLI' }, mine)
    const { exp, iat } = await claimsOf(token)
    expect(exp - iat).toBe(90 * 86_400)
    await client.issueGrant({ slideId: crypto.randomUUID(), project: 'default' }, mine)
    const { tokens } = await client.listTokens({}, mine)
    expect(tokens.map(({ kind }) => kind).sort()).toEqual(['session', 'token'])
    await client.revokeToken({ tokenId: info!.tokenId }, mine)
    await client.revokeToken({ tokenId: info!.tokenId }, mine)
    const refused = () => client.getCaller({}, { onBehalfOf: token }).catch(error => error.code)
    expect(await eventually(refused, code => code === 'unauthenticated')).toBe('unauthenticated')
    expect((await client.listTokens({}, mine)).tokens).toHaveLength(1)
  })

  it('of others are unknown, but to who owns everything', async () => {
    const { session } = await invited('i@example.org')
    const { tokens } = await client.listTokens({}, await asOwner())
    const tokenId = tokens.find(({ label }) => label === 'Owner token file')!.tokenId
    await expect(client.revokeToken({ tokenId }, { onBehalfOf: session })).rejects.toMatchObject({ code: 'not-found' })
    const theirs = await client.createToken({ label: 'x' }, { onBehalfOf: session })
    await client.revokeToken({ tokenId: theirs.info!.tokenId }, await asOwner())
  })

  it('made with a token never outlive it', async () => {
    const soon = await system.token({ lifeSeconds: 60 })
    const { token } = await client.createToken({ label: 'x', days: 90 }, { onBehalfOf: soon })
    const { exp, iat } = await claimsOf(token)
    expect(exp - iat).toBeLessThanOrEqual(60)
  })

  it('live a year at most', async () => {
    await expect(client.createToken({ label: 'x', days: 367 }, await asOwner())).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})

describe('grants', () => {
  it('show one slide, as a viewer, for ten minutes', async () => {
    const slideId = crypto.randomUUID()
    const { grant } = await client.issueGrant({ slideId, project: 'default' }, await asOwner())
    const { exp, iat, ...claims } = await claimsOf(grant)
    expect(claims).toMatchObject({ kind: 'grant', slides: [slideId], roles: { default: 'viewer' }, level: 0 })
    expect(exp - iat).toBe(600)
    const again = client.issueGrant({ slideId, project: 'default' }, { onBehalfOf: grant })
    await expect(again).rejects.toMatchObject({ code: 'forbidden' })
    await expect(client.createToken({ label: 'x' }, { onBehalfOf: grant })).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('never outlive what they were asked for with, and are for those who may see the slide', async () => {
    const soon = await system.token({ lifeSeconds: 30 })
    const { grant } = await client.issueGrant({ slideId: 's', project: 'default' }, { onBehalfOf: soon })
    const { exp, iat } = await claimsOf(grant)
    expect(exp - iat).toBeLessThanOrEqual(30)
    const stranger = await system.token({ roles: { liver: 'viewer' } })
    const refused = client.issueGrant({ slideId: 's', project: 'default' }, { onBehalfOf: stranger })
    await expect(refused).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a later start', () => {
  it("keeps the owner's token, and makes it again when it is gone or spoilt", async () => {
    const { data } = system
    const restart = async () => {
      await stop()
      await start(data)
    }
    const path = join(data, 'owner-token')
    const first = await ownerToken()
    await restart()
    expect(await ownerToken()).toBe(first)
    await rm(path)
    await restart()
    const second = await ownerToken()
    expect(second).not.toBe(first)
    await writeFile(path, 'spoilt')
    await restart()
    expect([first, second, 'spoilt']).not.toContain(await ownerToken())
    await client.revokeToken({ tokenId: (await claimsOf(await ownerToken())).jti }, await asOwner())
    const revoked = await ownerToken()
    await restart()
    expect(await ownerToken()).not.toBe(revoked)
    expect((await client.listUsers({}, await asOwner())).users.filter(({ roles }) => roles['*'])).toHaveLength(1)
  })
})
