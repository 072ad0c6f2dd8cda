import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startRedis, type TestServer } from '../testing/servers.ts'
import { cacheContract } from './contract.ts'
import { openCache } from './index.ts'

let server: TestServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.stop())

describe('Redis', () =>
  cacheContract(
    () => openCache(server.url),
    async bytes => {
      const admin = new Redis(server.url)
      const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1])
      await admin.config('SET', 'maxmemory', used + bytes)
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
      admin.disconnect()
      return openCache(server.url)
    },
  ))

test('two replicas see the same entries', async () => {
  const [one, two] = await Promise.all([openCache(server.url), openCache(server.url)])
  await vi.waitFor(() => Promise.all([one.ready(), two.ready()]), 15_000)
  await one.set('shared', Buffer.from('x'))
  expect(await two.get('shared')).toEqual(Buffer.from('x'))
  await Promise.all([one.close(), two.close()])
})

test('a Redis that is gone costs milliseconds, is a miss, and is used again when it is back', async () => {
  const cache = await openCache(server.url)
  await vi.waitFor(() => cache.ready(), 15_000)
  await cache.set('kept', Buffer.from('x'))
  await server.kill()
  await expect(cache.ready()).rejects.toMatchObject({ code: 'unavailable', retryable: true })
  const start = performance.now()
  for (let i = 0; i < 100; i += 1) {
    expect(await cache.get('kept')).toBeUndefined()
    await cache.set('other', Buffer.from('y'))
    await cache.delete('other')
  }
  expect(performance.now() - start).toBeLessThan(1000)
  await server.restart()
  await vi.waitFor(() => cache.ready(), 15_000)
  await cache.set('new', Buffer.from('z'))
  expect(await cache.get('new')).toEqual(Buffer.from('z'))
  await cache.close()
})

test('a Redis that hangs costs a second once, not with every call', async () => {
  const cache = await openCache(server.url)
  await vi.waitFor(() => cache.ready(), 15_000)
  server.pause()
  const start = performance.now()
  for (let i = 0; i < 20; i += 1) expect(await cache.get('kept')).toBeUndefined()
  expect(performance.now() - start).toBeLessThan(3000)
  server.resume()
  await vi.waitFor(() => cache.ready(), 15_000)
  await cache.close()
})

test('a Redis that was never there is no error at opening', async () => {
  const cache = await openCache('redis://127.0.0.1:1')
  expect(await cache.get('x')).toBeUndefined()
  expect([await cache.claim('work', 1000), await cache.claim('work', 1000)]).toEqual([true, true])
  await expect(cache.ready()).rejects.toMatchObject({ code: 'unavailable' })
  await cache.close()
})

test('a Redis without a bound, or with another policy, is named in words', async () => {
  const admin = new Redis(server.url)
  const told: string[] = []
  const cache = await openCache(server.url, advice => told.push(advice))
  await vi.waitFor(() => cache.ready(), 15_000)
  await admin.config('SET', 'maxmemory', '0')
  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  expect(await cache.advice()).toMatch(/maxmemory is not set .*; maxmemory-policy is not allkeys-lfu/)
  const other = await openCache(server.url, advice => told.push(advice))
  await vi.waitFor(() => expect(told.at(-1)).toMatch(/maxmemory is not set/), 15_000)
  await admin.config('SET', 'maxmemory', '1gb')
  expect(await cache.advice()).toMatch(/as a cache: maxmemory-policy/)
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lfu')
  expect(await cache.advice()).toBeUndefined()
  await Promise.all([cache.close(), other.close()])
  admin.disconnect()
})
