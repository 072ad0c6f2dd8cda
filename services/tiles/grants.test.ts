/** No tile leaves without the right to see its slide: every route of the service, by whatever way it is answered. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type NewClaims, signToken } from '@coverslip/platform/auth/token.ts'
import { startNats, type TestServer } from '@coverslip/platform/testing/servers.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { api } from '@coverslip/proto/api.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instanceUid, seriesUid, studyUid } from './dicomweb/uids.ts'
import { tiles } from './module.ts'
import { makeServedSlides } from './testing/served-slide.ts'

const viewer = { kind: 'grant', roles: { default: 'viewer' }, level: 0 } as const satisfies Partial<NewClaims>
let data: string
let nats: TestServer
let system: TestSystem
let id: string
let other: string

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-grants-'))
  const made = await makeServedSlides(data, { width: 700, height: 600, count: 2 })
  ;[id, other] = made.map(({ slideId }) => slideId) as [string, string]
  nats = await startNats()
  system = await startSystem([tiles], { data, environment: { BUS_URL: nats.url } })
})
afterAll(async () => {
  await system?.stop()
  await nats?.stop()
  await rm(data, { recursive: true, force: true })
})

/** What the templates' parameters may be for the slide that is there. */
const VALUES: Record<string, string> = { rendition: '1', level: '9', x: '0', y: '0', format: 'jpeg', ext: 'jpeg' }
const fill = (path: string, slideId: string): string => {
  const values: Record<string, string> = {
    ...VALUES,
    id: slideId,
    study: studyUid(slideId),
    series: seriesUid(slideId, '1'),
    instance: instanceUid(slideId, '1', 0),
    frames: '1',
  }
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '0')
}

/** Every route of one slide that may be read with GET. */
const routes = api.filter(
  ({ module, method, path }) => module === 'tiles' && method === 'GET' && /\{(id|study)\}/.test(path),
)

/** Warm, so that the quick way would answer if it could. */
async function warm(slideId: string): Promise<void> {
  for (let i = 0; i < 3; i += 1) await (await system.fetch(`/tiles/${slideId}/1_files/9/0_0.jpeg`)).arrayBuffer()
}

describe.each(routes.map(({ path, access }) => ({ path, access })))('$path', ({ path }) => {
  const ask = async (token: string | null, slideId = id): Promise<number> => {
    await warm(slideId)
    const answer = await system.fetch(fill(path, slideId), { token })
    await answer.arrayBuffer()
    return answer.status
  }

  test('answers nobody without credentials that hold', async () => {
    const forged = await signToken(generateKeyPairSync('ed25519').privateKey, { ...viewer, sub: 'u', lifeSeconds: 60 })
    const good = await system.token()
    expect(await ask(null)).toBe(401)
    expect(await ask(forged.token)).toBe(401)
    expect(await ask(await system.token({ lifeSeconds: -1 }))).toBe(401)
    expect(await ask(good.slice(0, -4))).toBe(401)
    expect(await ask(`${good.slice(0, -4)}AAAA`)).toBe(401)
  })

  test('tells neither a stranger nor whoever has a grant for another slide that there is one', async () => {
    expect(await ask(await system.token({ roles: {}, level: 0 }))).toBe(404)
    expect(await ask(await system.token({ roles: { elsewhere: 'owner' } }))).toBe(404)
    expect(await ask(await system.token({ ...viewer, slides: [other] }))).toBe(404)
    expect(await ask(await system.token({ ...viewer, slides: [] }))).toBe(404)
    expect(await ask(await system.token({ ...viewer, slides: [id] }), other)).toBe(404)
    expect(await ask(await system.token(), randomUUID())).toBe(404)
  })
})

test('one connection does not lend its rights to the next request', async () => {
  const [good, stranger] = [await system.token(), await system.token({ roles: {}, level: 0 })]
  const path = fill('/tiles/{id}/{rendition}_files/{level}/{x}_{y}.jpeg', id)
  await warm(id)
  const statuses: number[] = []
  const send = async (headers: Record<string, string>) => {
    const answer = await fetch(`${system.url}${path}`, { headers })
    await answer.arrayBuffer()
    statuses.push(answer.status)
  }
  for (const token of [good, stranger, good]) await send({ authorization: `Bearer ${token}` })
  await send({ authorization: 'Bearer ', cookie: `coverslip_session=${good}` })
  await send({ authorization: 'Bearer ', cookie: `coverslip_session=${stranger}` })
  await send({ cookie: `coverslip_session=${good}` })
  await send({ cookie: `coverslip_session=${stranger}` })
  await send({})
  expect(statuses).toEqual([200, 404, 200, 200, 404, 200, 404, 401])
})

test('with the bus cut a grant ends when its short life does', async () => {
  const token = await system.token({ ...viewer, slides: [id], lifeSeconds: 4 })
  const path = fill('/tiles/{id}/{rendition}_files/{level}/{x}_{y}.jpeg', id)
  const status = async () => {
    const answer = await system.fetch(path, { token })
    await answer.arrayBuffer()
    return answer.status
  }
  await warm(id)
  expect(await status()).toBe(200)
  await nats.kill()
  expect(await status()).toBe(200)
  await sleep(5000)
  expect(await status()).toBe(401)
})
