import { setTimeout as sleep } from 'node:timers/promises'
import { openCache } from '@coverslip/platform/cache/index.ts'
import type { Cache } from '@coverslip/platform/cache/port.ts'
import { startRedis, type TestServer } from '@coverslip/platform/testing/servers.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { throughShared } from './shared.ts'

let server: TestServer
let replicas: Cache[]
beforeAll(async () => {
  server = await startRedis()
  replicas = await Promise.all(Array.from({ length: 3 }, () => openCache(server.url)))
  await vi.waitFor(() => Promise.all(replicas.map(replica => replica.ready())), 15_000)
})
afterAll(async () => {
  for (const replica of replicas ?? []) await replica.close()
  await server?.stop()
})

const TILE = Buffer.from('tile')
const slowLoad = (ms: number) =>
  vi.fn(async () => {
    await sleep(ms)
    return TILE
  })

test('replicas that miss a tile at the same time load it once', async () => {
  const load = slowLoad(60)
  const answers = await Promise.all(replicas.map(shared => throughShared(shared, 'cold', 60, load)))
  expect(load).toHaveBeenCalledTimes(1)
  expect(answers.map(({ from }) => from).sort()).toEqual(['loaded', 'shared', 'shared'])
  for (const { bytes } of answers) expect(bytes.equals(TILE)).toBe(true)
})

test('a load that fails or is given up is followed by that of another replica, soon', async () => {
  const [one, two] = replicas as [Cache, Cache]
  const failing = throughShared(one, 'failing', 60, async () => {
    await sleep(30)
    throw new Error('given up')
  })
  await sleep(5)
  const begun = performance.now()
  const [first, second] = await Promise.allSettled([failing, throughShared(two, 'failing', 60, slowLoad(1))])
  expect(first.status).toBe('rejected')
  expect(second).toMatchObject({ value: { from: 'loaded' } })
  expect(performance.now() - begun).toBeLessThan(1000)
})

test('a replica that died over a load holds up nobody for long', async () => {
  const [one, two] = replicas as [Cache, Cache]
  expect(await one.claim('orphan', 200)).toBe(true)
  expect(await throughShared(two, 'orphan', 60, slowLoad(1))).toMatchObject({ from: 'loaded' })
})

test('without the shared cache everybody loads at once', async () => {
  const away = await openCache('redis://127.0.0.1:1')
  expect(await throughShared(away, 'away', 60, slowLoad(1))).toMatchObject({ from: 'loaded' })
  await away.close()
})
