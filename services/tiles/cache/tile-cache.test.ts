import { openCache } from '@coverslip/platform/cache/index.ts'
import type { Cache } from '@coverslip/platform/cache/port.ts'
import { expect, test } from 'vitest'
import { createTileCache } from './tile-cache.ts'

const options = { memoryBytes: 1_000_000, ttlSeconds: 60 }

function countingLoad(bytes = Buffer.from('tile')) {
  const load = async () => {
    load.calls += 1
    await new Promise(resolve => setTimeout(resolve, 5))
    return bytes
  }
  load.calls = 0
  return load
}

test('twenty who ask for a cold tile cause one load', async () => {
  const cache = createTileCache(await openCache('memory:'), options)
  const load = countingLoad()
  const answers = await Promise.all(Array.from({ length: 20 }, () => cache.get('k', load)))
  expect(load.calls).toBe(1)
  expect(new Set(answers.map(({ bytes }) => bytes.toString()))).toEqual(new Set(['tile']))
  expect((await cache.get('k', load)).from).toBe('memory')
})

test('what another replica loaded comes from the shared cache', async () => {
  const shared = await openCache('memory:')
  await createTileCache(shared, options).get('k', countingLoad())
  const load = countingLoad()
  expect((await createTileCache(shared, options).get('k', load)).from).toBe('shared')
  expect(load.calls).toBe(0)
})

test('a load that fails is tried again by the next who asks', async () => {
  const cache = createTileCache(await openCache('memory:'), options)
  await expect(cache.get('k', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect((await cache.get('k', countingLoad())).from).toBe('loaded')
})

test('a dropped key is forgotten here and in the shared cache', async () => {
  const shared: Cache = await openCache('memory:')
  const cache = createTileCache(shared, options)
  await cache.get('k', countingLoad())
  await cache.drop(['k'])
  expect(await shared.get('k')).toBeUndefined()
  expect((await cache.get('k', countingLoad())).from).toBe('loaded')
})
