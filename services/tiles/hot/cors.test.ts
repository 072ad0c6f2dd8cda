import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tiles } from '../module.ts'
import { makeServedSlides } from '../testing/served-slide.ts'

const KNOWN = 'https://viewer.example.org'
let data: string
let system: TestSystem
let path: string
let batch: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-cors-'))
  const [slide] = await makeServedSlides(data, { width: 300, height: 300 })
  path = `/tiles/${slide!.slideId}/1_files/9/0_0.jpeg`
  batch = `/tiles/${slide!.slideId}/1/batch`
  system = await startSystem([tiles], { data, environment: { TILES_ORIGINS: `https://a.example.org, ${KNOWN}` } })
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

const ALLOW = 'access-control-allow-origin'

test('a named origin may read tiles, errors too, and time them; whatever way they are answered', async () => {
  for (let i = 0; i < 4; i += 1) {
    const answer = await system.fetch(path, { headers: { origin: KNOWN } })
    expect([answer.status, answer.headers.get(ALLOW)]).toEqual([200, KNOWN])
    expect(answer.headers.get('vary')).toBe('Origin')
    expect(answer.headers.get('timing-allow-origin')).toBe(KNOWN)
    expect(answer.headers.get('access-control-expose-headers')).toContain('Server-Timing')
    expect(answer.headers.get('etag')).toMatch(/^"/)
    expect((await answer.arrayBuffer()).byteLength).toBe(Number(answer.headers.get('content-length')))
  }
  const refused = await system.fetch(path, { token: null, headers: { origin: KNOWN } })
  expect([refused.status, refused.headers.get(ALLOW)]).toEqual([401, KNOWN])
})

test('nobody else may', async () => {
  for (const origin of ['https://viewer.example.org.evil.org', 'null', 'http://viewer.example.org']) {
    const answer = await system.fetch(path, { headers: { origin } })
    expect([answer.headers.get(ALLOW), answer.headers.get('vary')]).toEqual([null, 'Origin'])
  }
  expect((await system.fetch(path)).headers.get(ALLOW)).toBeNull()
})

test('a preflight is answered without credentials, for a named origin', async () => {
  const asking = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' }
  const preflight = (origin: string) =>
    system.fetch(path, { method: 'OPTIONS', token: null, headers: { origin, ...asking } })
  const answer = await preflight(KNOWN)
  expect([answer.status, answer.headers.get(ALLOW)]).toEqual([204, KNOWN])
  expect(answer.headers.get('access-control-allow-headers')).toContain('Authorization')
  expect(answer.headers.get('access-control-max-age')).toBe('86400')
  const other = await preflight('https://evil.example.org')
  expect([other.status, other.headers.get(ALLOW)]).toEqual([405, null])
})

test('many tiles at once, too: with a token, never with the cookie', async () => {
  const asking = (given: { token?: string | null; headers: Record<string, string> }) =>
    system.fetch(batch, {
      ...given,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...given.headers },
      body: JSON.stringify({ tiles: [{ level: 0, x: 0, y: 0 }] }),
    })
  const answer = await asking({ headers: { origin: KNOWN } })
  expect([answer.status, answer.headers.get(ALLOW)]).toEqual([200, KNOWN])
  expect([...(await answer.formData()).keys()]).toEqual(['0/0_0'])
  const cookie = `coverslip_session=${await system.token({})}`
  expect((await asking({ token: null, headers: { cookie } })).status).toBe(200)
  expect((await asking({ token: null, headers: { cookie, origin: KNOWN } })).status).toBe(403)
})
