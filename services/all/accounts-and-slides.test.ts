/** Coming in, accounts and slides over HTTP. */
import { problem, slide as slideSchema, user as userSchema } from '@coverslip/proto/api.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, statusWithin5s, type TestGateway } from './testing/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway?.stop())

const get: TestGateway['get'] = (...given) => gateway.get(...given)
const send: TestGateway['send'] = (...given) => gateway.send(...given)
const person = (name: string, role: string, project = 'default') => ({ email: `${name}@example.org`, role, project })
const signIn = async (name: string, role: string, project?: string) => gateway.signIn(person(name, role, project))

describe('coming in', () => {
  it('takes a link once, and the cookie from then on', async () => {
    const { code } = await gateway.invite(person('ada', 'annotator'))
    const redeem = () => send('POST', '/api/session', { code }, null)
    const answer = await redeem()
    expect(userSchema.parse(await answer.json())).toMatchObject({ email: 'ada@example.org', name: 'ada' })
    const cookie = answer.headers.get('set-cookie')!
    expect(cookie).toMatch(/HttpOnly; SameSite=Lax$/)
    expect((await redeem()).status).toBe(401)
    const headers = { cookie: cookie.split(';')[0]! }
    const session = await gateway.system.fetch('/api/session', { token: null, headers })
    expect(await session.json()).toMatchObject({ roles: { default: 'annotator' } })
  })

  it('takes a cookie for changes only from our own pages', async () => {
    const { session: token } = await signIn('bea', 'viewer')
    const post = (origin: string) =>
      gateway.system.fetch('/api/tokens', {
        method: 'POST',
        token: null,
        headers: { cookie: `coverslip_session=${token}`, origin, 'content-type': 'application/json' },
        body: '{"label":"x"}',
      })
    expect((await post('https://elsewhere.example.org')).status).toBe(403)
    expect((await post(gateway.system.url)).status).toBe(201)
  })

  it('ends when one signs out, at once and for good', async () => {
    const { session: token } = await signIn('cai', 'viewer')
    const answer = await send('DELETE', '/api/session', undefined, token)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    expect(await statusWithin5s(() => get('/api/session', token), 401)).toBe(401)
  })

  it('says the same to every address that asks for a link', async () => {
    const answers = await Promise.all(
      ['ada@example.org', 'nobody@example.org'].map(email => send('POST', '/api/sign-in-links', { email }, null)),
    )
    expect(answers.map(({ status }) => status)).toEqual([202, 202])
    expect(await answers[0]!.text()).toBe(await answers[1]!.text())
  })

  it.each(['', 'nonsense', 'a.b.c'])('refuses the token %j', async token => {
    const answer = await gateway.system.fetch('/api/slides', {
      token: null,
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(401)
    expect(problem.parse(await answer.json())).toMatchObject({ status: 401, code: 'unauthenticated' })
  })
})

describe('accounts', () => {
  it('are for owners to invite, and for nobody to invite above themselves', async () => {
    const { session: token } = await signIn('dan', 'owner', 'liver')
    expect((await gateway.invite(person('eve', 'viewer', 'liver'), token)).status).toBe(201)
    expect((await gateway.invite(person('eve', 'viewer', 'default'), token)).status).toBe(404)
    expect((await gateway.invite(person('eve', 'owner', '*'), token)).status).toBe(404)
    const users = (await (await get('/api/users', token)).json()) as { users: { email: string }[] }
    expect(users.users.map(({ email }) => email).sort()).toEqual(['dan@example.org', 'eve@example.org'])
    const viewer = await signIn('eve', 'viewer', 'liver')
    expect((await get('/api/users', viewer.session)).status).toBe(403)
    expect((await get('/api/sign-ins', token)).status).toBe(403)
    expect((await gateway.invite(person('fay', 'viewer', 'liver'), viewer.session)).status).toBe(403)
  })

  it('lose what was signed before when their role changes', async () => {
    const { session: token } = await signIn('gus', 'steward')
    expect((await get('/api/session', token)).status).toBe(200)
    await gateway.invite(person('gus', 'viewer'))
    expect(await statusWithin5s(() => get('/api/session', token), 401)).toBe(401)
  })

  it('make tokens, see them, revoke them', async () => {
    const { session: token } = await signIn('hal', 'annotator')
    const made = (await (await send('POST', '/api/tokens', { label: 'CLI' }, token)).json()) as {
      token: string
      info: { id: string }
    }
    expect((await get('/api/slides', made.token)).status).toBe(200)
    const listed = (await (await get('/api/tokens', made.token)).json()) as { tokens: { label: string }[] }
    expect(listed.tokens.map(({ label }) => label).sort()).toEqual(['Browser session', 'CLI'])
    expect((await send('DELETE', `/api/tokens/${made.info.id}`, undefined, token)).status).toBe(204)
    expect(await statusWithin5s(() => get('/api/slides', made.token), 401)).toBe(401)
    expect((await send('DELETE', `/api/tokens/${crypto.randomUUID()}`, undefined, token)).status).toBe(404)
  })

  it('leave a trace of who came in', async () => {
    const { signIns } = (await (await get('/api/sign-ins')).json()) as { signIns: { what: string }[] }
    expect(signIns.map(({ what }) => what)).toEqual(expect.arrayContaining(['invited', 'signed-in', 'signed-out']))
  })
})

describe('slides', () => {
  it('are shown as the API says', async () => {
    const id = await gateway.addSlide()
    const slide = slideSchema.parse(await (await get(`/api/slides/${id}`)).json())
    expect(slide).toMatchObject({
      id,
      state: 'tiling',
      width: 300,
      height: 200,
      mpp: 0.5,
      mppX: 0.5,
      mppY: 0.5,
      sizes: { pyramid: null },
    })
    const page = (await (await get('/api/slides?limit=1')).json()) as { slides: { id: string }[]; nextCursor: null }
    expect(page).toMatchObject({ slides: [{ id }] })
    expect(await (await get(`/api/slides/${id}/deidentification`)).json()).toEqual({ removed: 3 })
    expect((await get('/api/slides?limit=0')).status).toBe(400)
  })

  it('are unknown to those of other projects, word for word as if they did not exist', async () => {
    const id = await gateway.addSlide('default')
    const { session: token } = await signIn('ian', 'steward', 'liver')
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
    const id = await gateway.addSlide()
    const { session: token } = await signIn('joe', 'annotator')
    expect((await send('DELETE', `/api/slides/${id}`, undefined, token)).status).toBe(403)
    expect((await send('DELETE', `/api/slides/${id}`)).status).toBe(204)
    expect((await send('DELETE', `/api/slides/${id}`)).status).toBe(204)
    expect(await (await get(`/api/slides/${id}`)).json()).toMatchObject({ state: 'withdrawn' })
    for (const rest of ['deidentification', 'annotations', 'annotations.xml']) {
      expect((await get(`/api/slides/${id}/${rest}`)).status).toBe(404)
    }
  })

  it('are seen with a grant, and nothing else is', async () => {
    const [id, other] = [await gateway.addSlide(), await gateway.addSlide()]
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
