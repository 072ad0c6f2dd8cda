import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { costsView } from '@coverslip/proto/api/costs.ts'
import { stageView } from '@coverslip/proto/api/stage.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { migrations } from '../migrations/index.ts'
import { tiles } from '../module.ts'
import { saveRendition, type Tables } from '../store.ts'
import { bodyOf, renditionOf } from './scene.ts'

const [ONE, TWO, OTHER] = [randomUUID(), randomUUID(), randomUUID()]
let data: string
let system: TestSystem
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'coverslip-stage-'))
  const database = await openDatabase(`pglite:${join(data, 'db')}`)
  const db = await database.open<Tables>('tiles', migrations)
  const pyramids = await openObjects(`file:${join(data, 'pyramid')}`)
  for (const [slideId, project] of [
    [ONE, 'course'],
    [TWO, 'course'],
    [OTHER, 'trial'],
  ] as const) {
    const body = bodyOf(20_000)
    const rendition = renditionOf({ slideId, project, body })
    await pyramids.put(rendition.key, body)
    await saveRendition(db, rendition, undefined)
  }
  await pyramids.close()
  await database.close()
  system = await startSystem([tiles], {
    data,
    environment: { OBJECTS_STAGE_URL: `file:${join(data, 'nas')}`, STAGE_QUOTA: '50k' },
  })
})
afterAll(async () => {
  await system?.stop()
  await rm(data, { recursive: true, force: true })
})

const json = (body: object) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'content-type': 'application/json' },
})
const stage = async (token?: string) => {
  const answer = await system.fetch('/api/stage', token ? { token } : {})
  expect(answer.status).toBe(200)
  return stageView.parse(await answer.json())
}

test('a project is brought to the stage by one call, kept there, and let go', async () => {
  const asked = await system.fetch('/api/stage', json({ pin: 'spring-2027', of: { project: 'course' } }))
  expect(asked.status).toBe(202)
  expect(await asked.json()).toEqual({ pin: 'spring-2027', slides: 2, bytes: 40_000, unknown: [] })
  await vi.waitFor(async () => expect(await stage()).toMatchObject({ staged: 2, waiting: 0 }), 20_000)
  const view = await stage()
  expect(view).toMatchObject({ on: true, quota: 51_200, bytes: 40_000 })
  expect(view.pins).toMatchObject([{ name: 'spring-2027', slides: 2, staged: 2, bytes: 40_000 }])
  expect(view.slides.map(({ id }) => id).sort()).toEqual([ONE, TWO].sort())

  // There is no room for more while both are pinned.
  const more = { pin: 'more', of: { slides: [OTHER, OTHER, randomUUID()] } }
  expect(await (await system.fetch('/api/stage', json(more))).json()).toMatchObject({
    slides: 1,
    unknown: [expect.any(String)],
  })
  await vi.waitFor(async () => {
    const other = (await stage()).slides.find(({ id }) => id === OTHER)
    expect(other).toMatchObject({ state: 'wanted', reason: expect.stringContaining('no room'), pins: ['more'] })
  }, 20_000)

  expect((await system.fetch('/api/stage/pins/spring-2027', { method: 'DELETE' })).status).toBe(204)
  expect((await system.fetch('/api/stage/pins/spring-2027', { method: 'DELETE' })).status).toBe(404)
  expect((await stage()).pins.map(({ name }) => name)).toEqual(['more'])
})

test('a steward sees and pins what is of their projects; others see nothing', async () => {
  const steward = await system.token({ roles: { course: 'steward' } })
  const { slides, pins } = await stage(steward)
  expect(new Set(slides.map(({ project }) => project))).toEqual(new Set(['course']))
  expect(pins).toEqual([])
  const asked = await system.fetch('/api/stage', {
    ...json({ pin: 'x', of: { slides: [ONE, OTHER] } }),
    token: steward,
  })
  expect(await asked.json()).toMatchObject({ slides: 1, unknown: [OTHER] })
  const trial = { ...json({ pin: 'x', of: { project: 'trial' } }), token: steward }
  expect((await system.fetch('/api/stage', trial)).status).toBe(404)
  const viewer = await system.token({ roles: { course: 'viewer' } })
  expect(await stage(viewer)).toMatchObject({ slides: [], pins: [] })
  expect(
    (await system.fetch('/api/stage', { ...json({ pin: 'x', of: { project: 'course' } }), token: viewer })).status,
  ).toBe(403)
})

test.each([
  { pin: '', of: { project: 'course' } },
  { pin: 'a b', of: { project: 'course' } },
  { pin: 'x', of: { slides: [] } },
  { pin: 'x', of: { slides: ['1'] } },
  { pin: 'x', of: { project: '*' } },
  { pin: 'x' },
])('refuses %j', async wish => {
  expect((await system.fetch('/api/stage', json(wish))).status).toBe(400)
})

test('only the owner of everything sees what it costs', async () => {
  const answer = await system.fetch('/api/costs')
  expect(answer.status).toBe(200)
  const costs = costsView.parse(await answer.json())
  expect(costs.tiers.pyramid).toEqual({ objects: 3, bytes: 60_000, place: 'here' })
  expect(costs.usage.staging.bytes).toBe(40_000)
  const steward = await system.token({ roles: { '*': 'steward' } })
  expect((await system.fetch('/api/costs', { token: steward })).status).toBe(403)
  const owner = await system.token({ roles: { course: 'owner' } })
  expect((await system.fetch('/api/costs', { token: owner })).status).toBe(404)
})
