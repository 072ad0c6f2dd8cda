/** Who may come in: every route of the table with no, wrong, expired and other people's credentials. */
import { randomUUID } from 'node:crypto'
import { mintToken } from '@coverslip/platform/testing/tokens.ts'
import { api, type RouteSpec, routeName } from '@coverslip/proto/api.ts'
import { beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { type Client, clientOf, eventually, withJson } from '../client.ts'
import type { Shape } from '../shape.ts'
import { madeSlide } from './made.ts'
import { signedIn } from './people.ts'

/** A token that was signed by nobody here: right format, wrong key. */
const FORGED =
  'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4Iiwia2luZCI6InRva2VuIiwicm9sZXMiOnsiKiI6Im93bmVyIn0sImxldmVsIjozLCJqdGkiOiJ4IiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQwMDAwMDAwMDAsImlzcyI6ImNvdmVyc2xpcCJ9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

/** Routes that answer anybody, on purpose. */
const OPEN = new Set([
  'GET /healthz',
  'GET /readyz',
  'GET /',
  'GET /sign-in',
  'GET /review',
  'GET /costs',
  'GET /slides/{id}',
  'GET /projects/{project}',
  'GET /projects/{project}/{section}',
  'GET /projects/{project}/{section}/{id}',
  'GET /assets/{file}',
  'POST /api/session',
  'GET /api/sign-in/ways',
  'GET /api/sign-in/oidc',
  'GET /api/sign-in/oidc/callback',
  'GET /api/sign-in/oidc/sign-out',
  'POST /api/sign-in-links',
])

const POINT = JSON.stringify({
  type: 'Feature',
  id: '00000000-0000-4000-8000-000000000000',
  geometry: { type: 'Point', coordinates: [1, 1] },
  properties: {},
})
/** Bodies that are right, so that only the credentials are wrong. */
const BODIES: Record<string, string> = {
  'POST /api/invitations': JSON.stringify({ email: 'x@example.org', role: 'viewer' }),
  'POST /api/tokens': JSON.stringify({ label: 'x' }),
  'POST /api/slides/{id}/annotations': POINT,
  'PUT /api/slides/{id}/annotations/{annotationId}': POINT,
  'POST /api/reviews/{id}/redactions': JSON.stringify({ revision: 1, regions: [{ x: 0, y: 0, width: 1, height: 1 }] }),
  'POST /api/reviews/{id}/decision': JSON.stringify({ revision: 1, decision: 'approve' }),
  'PUT /api/projects/{project}/selection-rules': JSON.stringify({ preset: 'none' }),
  'PUT /api/ledger': JSON.stringify({ on: true }),
  'POST /api/ledger/lookups': JSON.stringify({ reason: 'x', of: { pseudonym: 'x' } }),
  'POST /api/ledger/lookups/{id}/approval': JSON.stringify({ decision: 'approve' }),
  'POST /api/subjects/{subject}/withdrawal': JSON.stringify({ reason: 'x' }),
  'PUT /api/subjects/{subject}/consent': JSON.stringify({
    version: null,
    date: null,
    scope: null,
    international: null,
    commercial: null,
  }),
  'PUT /api/subjects/{subject}/attestations/{kind}': JSON.stringify({ value: 0.5 }),
  'POST /tiles/{id}/{rendition}/batch': JSON.stringify({ tiles: [{ level: 0, x: 0, y: 0 }] }),
  'PUT /api/slides/{id}/release/slots/{slot}': JSON.stringify({ later: '1' }),
  'PUT /api/projects/{project}/gate': JSON.stringify({ on: true, reason: 'x' }),
  'PUT /api/projects/{project}/nomenclature': JSON.stringify({
    scheme: 'X',
    slots: [
      { kind: 'scheme', name: 'scheme' },
      { kind: 'subject', name: 'subject' },
      { kind: 'random', name: 'slide', width: 4 },
    ],
  }),
}

/** Queries that a route wants before it asks who calls. */
const QUERIES: Record<string, string> = {
  'GET /api/reviews/{id}/region': '?x=0&y=0&width=9&height=9',
  'POST /api/slides/{id}/overlays': '?name=x',
}

export function credentialsSuite(shape: () => Shape): void {
  let client: Client
  let slideId: string
  let viewer: string
  let stranger: string
  let expired: string

  beforeAll(async () => {
    client = clientOf(shape())
    slideId = await madeSlide(client)
    viewer = await signedIn(shape(), 'viewer@example.org', 'default', 'viewer')
    stranger = await signedIn(shape(), 'stranger@example.org', 'elsewhere', 'owner')
    expired = await mintToken(shape().signingKey, { lifeSeconds: -1 })
  })

  const ask = (route: RouteSpec, token: string | null, id = slideId): Promise<Response> => {
    const path = route.path
      .replace('{id}', id)
      .replace('{project}', 'default')
      .replace('{slot}', 'perineural-invasion')
      .replace('{subject}', id)
      .replace('{kind}', 'tumour-fraction')
      .replace('{image}', 'after-thumbnail')
      .replace('{annotationId}', '00000000-0000-4000-8000-000000000000')
      .replace('{rendition}', '1')
      .replace('{format}', 'jpeg')
      .replace('{region}', 'full')
      .replace('{size}', 'max')
      .replace('{rotation}', '0')
      .replace('{quality}', 'default')
      .replace('{level}', '9')
      .replace('{x}', '0')
      .replace('{y}', '0')
      .replace('{uploadId}', 'x')
      .replace('{tokenId}', 'x')
      .replace('{file}', 'none.js')
    const query = QUERIES[routeName(route)] ?? ''
    const withBody = route.method === 'POST' || route.method === 'PUT' || route.method === 'PATCH'
    const body = BODIES[routeName(route)] ?? '{}'
    const headers: Record<string, string> = {
      'tus-resumable': '1.0.0',
      'upload-length': '10',
      'upload-metadata': 'filename eA==',
      'content-type': route.bodyType ?? 'application/json',
    }
    return clientOf(shape(), token).get(`${path}${query}`, {
      method: route.method,
      headers,
      ...(withBody ? { body } : {}),
    })
  }

  describe.each(api.filter(route => !OPEN.has(routeName(route))).map(route => [routeName(route), route] as const))(
    '%s',
    (_name, route) => {
      test('wants credentials', async () => {
        expect((await ask(route, null)).status).toBe(401)
      })
      test('refuses forged ones', async () => {
        expect((await ask(route, FORGED)).status).toBe(401)
      })
      test('refuses expired ones', async () => {
        expect((await ask(route, expired)).status).toBe(401)
      })
      if (
        route.raw !== 'websocket' &&
        (/\/(slides|reviews)\/\{id\}/.test(route.path) || route.path.startsWith('/tiles'))
      ) {
        test('does not tell a stranger that the slide exists', async () => {
          const [hidden, missing] = [await ask(route, stranger), await ask(route, stranger, randomUUID())]
          expect(hidden.status).toBe(404)
          const { traceId: _, ...answer } = (await hidden.json()) as { traceId?: string }
          expect(await missing.json()).toMatchObject(answer)
        })
      }
      if (
        /^(annotation\.write|slide\.(delete|download)|intake\.|review\.|rules\.|subject\.|ledger\.|user\.|audit\.)/.test(
          route.access,
        ) &&
        !route.path.includes('uploads/{')
      ) {
        test('refuses a viewer, who may only look', async () => {
          expect([403, 404]).toContain((await ask(route, viewer)).status)
        })
      }
    },
  )

  test.each([
    ['nobody', () => ({}), 401],
    ['a stranger', () => ({ authorization: `Bearer ${stranger}` }), 404],
    [
      "another web site, with the owner's cookie",
      () => ({ cookie: `coverslip_session=${shape().token}`, origin: 'https://evil.example' }),
      403,
    ],
    ['a viewer', () => ({ authorization: `Bearer ${viewer}` }), 101],
  ])('a WebSocket of %s', async (_who, headers, status) => {
    const socket = new WebSocket(`${shape().url.replace('http', 'ws')}/api/slides/${slideId}/live?after=0`, {
      headers: headers(),
    })
    const answered = await new Promise<number>(resolve => {
      socket.once('upgrade', response => resolve(response.statusCode ?? 0))
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    })
    socket.on('error', () => {})
    socket.terminate()
    expect(answered).toBe(status)
  })

  test('the table of open routes is the table of the surface', () => {
    const open = api.filter(({ access }) => access === 'anyone').map(routeName)
    expect(open.sort()).toEqual([...OPEN].sort())
  })

  test('a stranger sees empty lists', async () => {
    expect(await clientOf(shape(), stranger).json('/api/slides')).toMatchObject({ slides: [] })
    expect(await clientOf(shape(), stranger).json('/api/intake/slides')).toMatchObject({ slides: [] })
  })

  test('a viewer looks but does not touch', async () => {
    const looking = clientOf(shape(), viewer)
    expect((await looking.get(`/api/slides/${slideId}`)).status).toBe(200)
    expect((await looking.get(`/tiles/${slideId}/1_files/9/0_0.jpeg`)).status).toBe(200)
    expect((await looking.get(`/api/slides/${slideId}`, { method: 'DELETE' })).status).toBe(403)
  })

  test('a grant opens the tiles of its slide, and nothing else', async () => {
    const { grant } = await client.json<{ grant: string }>(`/api/slides/${slideId}/grant`, { method: 'POST' })
    const granted = clientOf(shape(), grant)
    expect((await granted.get(`/tiles/${slideId}.dzi`)).status).toBe(200)
    const other = await madeSlide(client)
    expect((await granted.get(`/tiles/${other}.dzi`)).status).toBe(404)
    expect((await granted.get('/api/tokens')).status).toBe(403)
    expect(await granted.json('/api/slides')).toMatchObject({ slides: [] })
  })

  test('a revoked token is refused everywhere within five seconds', async () => {
    const token = await signedIn(shape(), 'leaver@example.org', 'default', 'annotator')
    const leaver = clientOf(shape(), token)
    expect((await leaver.get(`/tiles/${slideId}.dzi`)).status).toBe(200)
    const { grant } = await leaver.json<{ grant: string }>(`/api/slides/${slideId}/grant`, { method: 'POST' })
    expect((await leaver.get('/api/session', { method: 'DELETE' })).status).toBe(204)
    await eventually(5, 'every service to refuse the token', async () => {
      const paths = [
        `/tiles/${slideId}.dzi`,
        '/api/session',
        '/api/intake/slides',
        `/api/slides/${slideId}/annotations`,
      ]
      const statuses = await Promise.all(paths.map(async path => (await leaver.get(path)).status))
      statuses.push((await clientOf(shape(), grant).get(`/tiles/${slideId}.dzi`)).status)
      return statuses.every(status => status === 401) ? true : undefined
    })
  })

  test("another web site's request is refused although the browser sends the cookie", async () => {
    const cookie = `coverslip_session=${shape().token}`
    const refused = await fetch(`${shape().url}/api/tokens`, {
      ...withJson('POST', { label: 'x' }),
      headers: { 'content-type': 'application/json', cookie, origin: 'https://evil.example' },
    })
    expect(refused.status).toBe(403)
  })
}
