import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newSigningKey, readPrivateKey, readPublicKey, signToken } from '../auth/token.ts'
import { createVerifier } from '../auth/verifier.ts'
import { ServiceError } from '../errors.ts'
import { checkRoutes, type HttpServer, listen, serveHttp } from '../http.ts'
import { openLog } from '../log.ts'
import type { HttpCall, HttpRoutes } from '../module.ts'
import { startTelemetry, type Telemetry } from '../telemetry.ts'
import type { HttpOptions } from './request.ts'

const key = newSigningKey()
let folder: string
let telemetry: Telemetry
let server: HttpServer
let token: string
let ready = true

/** The intake gateway's routes with handlers made to show one thing each. */
const routes: HttpRoutes = {
  routes: {
    'GET /api/intake/slides': async (call: HttpCall) => ({
      body: { projects: call.projects(), query: call.query, big: 12n },
    }),
    'GET /api/intake/slides/{id}': async (call: HttpCall) => {
      if (call.params.id === 'bug') throw new TypeError('cannot read DOE^JANE')
      if (call.params.id === 'away') throw new ServiceError('unavailable', 'Come back later')
      // Forgets to ask whether the caller may have it.
      return { body: { secret: 'of somebody' } }
    },
    'DELETE /api/intake/slides/{id}': async (call: HttpCall) => {
      call.allow({ project: 'default', slide: call.params.id! })
      return {}
    },
  },
}

const options = (): HttpOptions => ({
  modules: [{ name: 'intake', routes }],
  site: 'onprem',
  publicUrl: () => 'https://slides.example.org',
  verifier: createVerifier(readPublicKey(key)),
  telemetry,
  log: openLog({ service: 'test', level: 'info', destination: join(folder, 'log') }),
  ready: async () => {
    if (!ready) throw new ServiceError('unavailable', 'The database is not reachable')
    return []
  },
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-http-'))
  telemetry = await startTelemetry({ service: 'test', otlpUrl: '' })
  server = await serveHttp(options(), '127.0.0.1', 0)
  const claims = { sub: 'u', kind: 'token', roles: { default: 'steward' }, level: 0, lifeSeconds: 60 } as const
  token = (await signToken(readPrivateKey(key), claims)).token
})
afterAll(async () => {
  await server?.stop(100)
  await telemetry?.close()
  await rm(folder, { recursive: true, force: true })
})

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  })

test('an answer that was given without asking for permission never goes out', async () => {
  const answer = await ask('/api/intake/slides/x')
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('somebody')
})

test('a bug is told to the log, not to the caller, and its message to neither', async () => {
  const answer = await ask('/api/intake/slides/bug')
  expect(answer.status).toBe(500)
  expect(await answer.json()).toMatchObject({ code: 'internal', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) })
  await new Promise(resolve => setTimeout(resolve, 50))
  const log = await readFile(join(folder, 'log'), 'utf8')
  expect(log).toContain('TypeError')
  expect(log).not.toContain('DOE')
})

test('errors are problem+json with what to do about them', async () => {
  const answer = await ask('/api/intake/slides/away')
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('retry-after')).toBe('2')
  expect(await answer.json()).toMatchObject({ status: 503, code: 'unavailable', detail: 'Come back later' })
})

test('wrong parameters are named, all of them', async () => {
  const answer = await ask(`/api/intake/slides?limit=many&cursor=${'x'.repeat(501)}`)
  expect(answer.status).toBe(400)
  const { errors } = (await answer.json()) as { errors: string[] }
  expect(errors.map(text => text.split(':')[0])).toEqual(['query.limit', 'query.cursor'])
})

test('handlers see parsed queries, and big numbers become numbers', async () => {
  expect(await (await ask('/api/intake/slides?limit=5')).json()).toEqual({
    projects: ['default'],
    query: { limit: 5 },
    big: 12,
  })
})

test.each([
  ['of another site', { origin: 'https://evil.example' }, 403],
  ['of a hidden origin', { origin: 'null' }, 403],
  ['of ours', { origin: 'https://slides.example.org' }, 204],
  ['of no browser', {}, 204],
])('an unsafe request %s', async (_who, headers, status) => {
  expect(
    (await ask('/api/intake/slides/x', { method: 'DELETE', headers: headers as Record<string, string> })).status,
  ).toBe(status)
})

test('an unknown address is 404, a known one with another method 405 with the methods', async () => {
  expect((await ask('/api/nothing')).status).toBe(404)
  const wrong = await ask('/api/intake/slides/x', { method: 'PUT' })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, DELETE'])
  expect(await wrong.json()).toMatchObject({ title: 'Method not allowed', status: 405, code: 'method-not-allowed' })
})

test('ready says what is missing, healthy only that the process lives', async () => {
  expect((await ask('/readyz')).status).toBe(200)
  ready = false
  const answer = await ask('/readyz')
  expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
    503,
    'The database is not reachable',
  ])
  expect((await ask('/healthz')).status).toBe(200)
  ready = true
})

test('a module must implement exactly the routes declared for it', () => {
  const { 'GET /api/intake/slides': _, ...rest } = routes.routes!
  expect(() => checkRoutes([{ name: 'intake', routes: { routes: rest } }])).toThrow(
    'intake does not implement: GET /api/intake/slides',
  )
  const more = { ...routes.routes, 'GET /api/secret': async () => ({}) }
  expect(() => checkRoutes([{ name: 'intake', routes: { routes: more } }])).toThrow(
    'proto/api.ts does not list: GET /api/secret',
  )
})

test('a port that is taken says so', async () => {
  const { createServer } = await import('node:http')
  await expect(listen(createServer(), '127.0.0.1', server.port)).rejects.toThrow(`port ${server.port} is taken`)
})
