/** Coming in, accounts and slides over HTTP, with the services behind in the same process. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { access } from '@coverslip/access/module.ts'
import { catalog } from '@coverslip/catalog/module.ts'
import type { EventContext, Running } from '@coverslip/platform/module.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { problem, slide as slideSchema, user as userSchema } from '@coverslip/proto/api.ts'
import { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publicGateway } from './public/module.ts'

let system: TestSystem
let owner: string
let cataloged: Running

beforeAll(async () => {
  const data = await mkdtemp(join(tmpdir(), 'coverslip-test-'))
  const tapped = {
    ...catalog,
    start: async (deps: Parameters<typeof catalog.start>[0]) => {
      cataloged = await catalog.start(deps)
      return cataloged
    },
  }
  system = await startSystem([access, tapped, publicGateway], { data })
  owner = (await readFile(join(data, 'owner-token'), 'utf8')).trim()
})
afterAll(async () => {
  await system?.stop()
  await rm(system.data, { recursive: true, force: true })
})

async function addSlide(project = 'default'): Promise<string> {
  const slideId = crypto.randomUUID()
  const event = { slideId, revision: 1, project, geometry: { width: 300, height: 200 }, reportJson: '{"removed":3}' }
  const context: EventContext = { signal: new AbortController().signal, deliveryCount: 1, traceparent: undefined }
  await cataloged.consumers!['slides.deidentified']!.handle(SlideDeidentified.fromPartial(event), context)
  return slideId
}

const send = (method: string, path: string, body?: unknown, token: string | null = owner) =>
  system.fetch(path, {
    method,
    token,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
const get = (path: string, token: string | null = owner) => send('GET', path, undefined, token)
const codeOf = (link: string) => new URL(link).hash.slice(1)

async function invite(email: string, role: string, project = 'default', token = owner) {
  const answer = await send('POST', '/api/invitations', { email, role, project }, token)
  return { status: answer.status, body: (await answer.json()) as { link: string; user: { id: string } } }
}
async function signIn(email: string, role: string, project = 'default') {
  const { body } = await invite(email, role, project)
  const answer = await send('POST', '/api/session', { code: codeOf(body.link) }, null)
  const cookie = answer.headers.get('set-cookie')!
  return { answer, cookie, token: /coverslip_session=([^;]+)/.exec(cookie)![1]! }
}
async function until(ask: () => Promise<Response>, status: number): Promise<number> {
  for (let i = 0; ; i++) {
    const answer = await ask()
    await answer.arrayBuffer()
    if (answer.status === status || i === 100) return answer.status
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

describe('coming in', () => {
  it('takes a link once, and the cookie from then on', async () => {
    const { body } = await invite('ada@example.org', 'annotator')
    const redeem = () => send('POST', '/api/session', { code: codeOf(body.link) }, null)
    const answer = await redeem()
    expect(userSchema.parse(await answer.json())).toMatchObject({ email: 'ada@example.org', name: 'ada' })
    const cookie = answer.headers.get('set-cookie')!
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax$/)
    expect((await redeem()).status).toBe(401)
    const headers = { cookie: cookie.split(';')[0]! }
    const session = await system.fetch('/api/session', { token: null, headers })
    expect(await session.json()).toMatchObject({ roles: { default: 'annotator' } })
  })

  it('takes a cookie for changes only from our own pages', async () => {
    const { token } = await signIn('bea@example.org', 'viewer')
    const post = (origin: string) =>
      system.fetch('/api/tokens', {
        method: 'POST',
        token: null,
        headers: { cookie: `coverslip_session=${token}`, origin, 'content-type': 'application/json' },
        body: '{"label":"x"}',
      })
    expect((await post('https://elsewhere.example.org')).status).toBe(403)
    expect((await post(system.url)).status).toBe(201)
  })

  it('ends when one signs out, at once and for good', async () => {
    const { token } = await signIn('cai@example.org', 'viewer')
    const answer = await send('DELETE', '/api/session', undefined, token)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    expect(await until(() => get('/api/session', token), 401)).toBe(401)
  })

  it('says the same to every address that asks for a link', async () => {
    const answers = await Promise.all(
      ['ada@example.org', 'nobody@example.org'].map(email => send('POST', '/api/sign-in-links', { email }, null)),
    )
    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect(await answers[0]!.text()).toBe(await answers[1]!.text())
  })

  it.each(['', 'nonsense', 'a.b.c'])('refuses the token %j', async token => {
    const answer = await system.fetch('/api/slides', { token: null, headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(401)
    expect(problem.parse(await answer.json())).toMatchObject({ status: 401, code: 'unauthenticated' })
  })
})

describe('accounts', () => {
  it('are for owners to invite, and for nobody to invite above themselves', async () => {
    const { token } = await signIn('dan@example.org', 'owner', 'liver')
    expect((await invite('eve@example.org', 'viewer', 'liver', token)).status).toBe(201)
    expect((await invite('eve@example.org', 'viewer', 'default', token)).status).toBe(404)
    expect((await invite('eve@example.org', 'owner', '*', token)).status).toBe(404)
    const users = (await (await get('/api/users', token)).json()) as { users: { email: string }[] }
    expect(users.users.map(({ email }) => email).sort()).toEqual(['dan@example.org', 'eve@example.org'])
    const viewer = await signIn('eve@example.org', 'viewer', 'liver')
    expect((await get('/api/users', viewer.token)).status).toBe(403)
    expect((await get('/api/sign-ins', token)).status).toBe(403)
    expect((await invite('fay@example.org', 'viewer', 'liver', viewer.token)).status).toBe(403)
  })

  it('lose what was signed before when their role changes', async () => {
    const { token } = await signIn('gus@example.org', 'steward')
    expect((await get('/api/session', token)).status).toBe(200)
    await invite('gus@example.org', 'viewer')
    expect(await until(() => get('/api/session', token), 401)).toBe(401)
  })

  it('make tokens, see them, revoke them', async () => {
    const { token } = await signIn('hal@example.org', 'annotator')
    const made = (await (await send('POST', '/api/tokens', { label: 'CLI' }, token)).json()) as {
      token: string
      info: { id: string }
    }
    expect((await get('/api/slides', made.token)).status).toBe(200)
    const listed = (await (await get('/api/tokens', made.token)).json()) as { tokens: { label: string }[] }
    expect(listed.tokens.map(({ label }) => label).sort()).toEqual(['Browser session', 'CLI'])
    expect((await send('DELETE', `/api/tokens/${made.info.id}`, undefined, token)).status).toBe(204)
    expect(await until(() => get('/api/slides', made.token), 401)).toBe(401)
    expect((await send('DELETE', `/api/tokens/${crypto.randomUUID()}`, undefined, token)).status).toBe(404)
  })

  it('leave a trace of who came in', async () => {
    const { signIns } = (await (await get('/api/sign-ins')).json()) as { signIns: { what: string }[] }
    expect(signIns.map(({ what }) => what)).toEqual(expect.arrayContaining(['invited', 'signed-in', 'signed-out']))
  })
})

describe('slides', () => {
  it('are shown as the API says', async () => {
    const id = await addSlide()
    const slide = slideSchema.parse(await (await get(`/api/slides/${id}`)).json())
    expect(slide).toMatchObject({ id, state: 'tiling', width: 300, height: 200, mpp: null, sizes: { pyramid: null } })
    const page = (await (await get('/api/slides?limit=1')).json()) as { slides: { id: string }[]; nextCursor: null }
    expect(page).toMatchObject({ slides: [{ id }] })
    expect(await (await get(`/api/slides/${id}/deidentification`)).json()).toEqual({ removed: 3 })
    expect((await get('/api/slides?limit=0')).status).toBe(400)
  })

  it('are unknown to those of other projects, word for word as if they did not exist', async () => {
    const id = await addSlide('default')
    const { token } = await signIn('ian@example.org', 'steward', 'liver')
    const other = await get(`/api/slides/${id}`, token)
    const none = await get(`/api/slides/${crypto.randomUUID()}`, token)
    expect([other.status, none.status]).toEqual([404, 404])
    const said = async (answer: Response) => problem.omit({ traceId: true }).parse(await answer.json())
    expect(await said(other)).toEqual(await said(none))
    expect(await (await get('/api/slides', token)).json()).toMatchObject({ slides: [] })
    expect((await send('DELETE', `/api/slides/${id}`, undefined, token)).status).toBe(404)
    expect((await get(`/api/slides/${id}/annotations`, token)).status).toBe(404)
  })

  it('are for stewards to delete; what is left says withdrawn', async () => {
    const id = await addSlide()
    const { token } = await signIn('joe@example.org', 'annotator')
    expect((await send('DELETE', `/api/slides/${id}`, undefined, token)).status).toBe(403)
    expect((await send('DELETE', `/api/slides/${id}`)).status).toBe(204)
    expect((await send('DELETE', `/api/slides/${id}`)).status).toBe(204)
    expect(await (await get(`/api/slides/${id}`)).json()).toMatchObject({ state: 'withdrawn' })
    for (const rest of ['deidentification', 'annotations', 'annotations.xml']) {
      expect((await get(`/api/slides/${id}/${rest}`)).status).toBe(404)
    }
  })

  it('are seen with a grant, and nothing else is', async () => {
    const [id, other] = [await addSlide(), await addSlide()]
    const answer = await send('POST', `/api/slides/${id}/grant`)
    const { grant } = (await answer.json()) as { grant: string }
    expect((await get(`/api/slides/${id}`, grant)).status).toBe(200)
    expect((await get(`/api/slides/${other}`, grant)).status).toBe(404)
    expect((await get('/api/session', grant)).status).toBe(403)
    expect((await send('DELETE', `/api/slides/${id}`, undefined, grant)).status).toBe(403)
    expect(await (await get('/api/slides', grant)).json()).toMatchObject({ slides: [] })
  })
})

it('describes itself to whoever is signed in', async () => {
  expect((await get('/openapi.json', null)).status).toBe(401)
  expect(await (await get('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0', info: { title: 'Coverslip' } })
})
