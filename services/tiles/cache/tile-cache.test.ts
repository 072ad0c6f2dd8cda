import { setTimeout as sleep } from 'node:timers/promises'
import { openCache } from '@coverslip/platform/cache/index.ts'
import type { Cache } from '@coverslip/platform/cache/port.ts'
import { expect, test } from 'vitest'
import type { ServedSlide } from '../store.ts'
import { createTileCache } from './tile-cache.ts'

const options = { memoryBytes: () => 1_000_000, ttlSeconds: 60 }
const KEY = { key: '/tiles/s/1_files/9/0_0.jpeg', content: 'abc', shared: true }

/** A cache of this process that stands for one which others see. */
const sharedCache = async (): Promise<Cache> => ({ ...(await openCache('memory:')), isShared: true })

function countingLoad(bytes = Buffer.from('tile')) {
  const load = async () => {
    load.calls += 1
    await sleep(5)
    return bytes
  }
  load.calls = 0
  return load
}

/** A load that ends only by being given up. */
function endlessLoad() {
  const load = (signal: AbortSignal): Promise<Buffer> =>
    new Promise((_, reject) => {
      load.calls += 1
      signal.addEventListener('abort', () => {
        load.aborted += 1
        reject(signal.reason)
      })
    })
  load.calls = 0
  load.aborted = 0
  return load
}

test('twenty who ask for a cold tile cause one load', async () => {
  const cache = createTileCache(await sharedCache(), options)
  const load = countingLoad()
  const answers = await Promise.all(Array.from({ length: 20 }, () => cache.get(KEY, load)))
  expect(load.calls).toBe(1)
  expect(new Set(answers.map(({ bytes }) => bytes.toString()))).toEqual(new Set(['tile']))
  expect((await cache.get(KEY, load)).from).toBe('memory')
})

test('what another replica loaded comes from the shared cache', async () => {
  const shared = await sharedCache()
  await createTileCache(shared, options).get(KEY, countingLoad())
  const load = countingLoad()
  expect((await createTileCache(shared, options).get(KEY, load)).from).toBe('shared')
  expect(load.calls).toBe(0)
})

test('bytes of another file under the same name are not found', async () => {
  const shared = await sharedCache()
  await createTileCache(shared, options).get(KEY, countingLoad())
  const other = { ...KEY, content: 'def' }
  expect((await createTileCache(shared, options).get(other, countingLoad(Buffer.from('other')))).bytes.toString()).toBe(
    'other',
  )
})

test('what is at hand here is not put into the shared cache', async () => {
  const shared = await sharedCache()
  await createTileCache(shared, options).get({ ...KEY, shared: false }, countingLoad())
  expect(await shared.get('abc/tiles/s/1_files/9/0_0.jpeg')).toBeUndefined()
})

test('a load that fails is tried again by the next who asks', async () => {
  const cache = createTileCache(await sharedCache(), options)
  await expect(cache.get(KEY, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect((await cache.get(KEY, countingLoad())).from).toBe('loaded')
})

test('a load goes on while anybody waits, and ends with the last who leaves', async () => {
  const cache = createTileCache(await sharedCache(), options)
  const load = endlessLoad()
  const [one, two] = [new AbortController(), new AbortController()]
  const first = expect(cache.get(KEY, load, one.signal)).rejects.toThrow('aborted')
  const second = expect(cache.get(KEY, load, two.signal)).rejects.toThrow('aborted')
  await sleep(5)
  one.abort()
  await first
  expect([load.calls, load.aborted]).toEqual([1, 0])
  two.abort()
  await second
  expect([load.calls, load.aborted]).toEqual([1, 1])
  expect((await cache.get(KEY, countingLoad())).from).toBe('loaded')
})

test('a deleted slide is forgotten here and in the shared cache, others are not', async () => {
  const shared = await sharedCache()
  const cache = createTileCache(shared, options)
  const other = { ...KEY, key: '/tiles/t/1_files/9/0_0.jpeg' }
  for (const key of [KEY, other]) await cache.get(key, countingLoad())
  await cache.drop({ slideId: 's', renditions: [{ sha256: 'abc' }] } as unknown as ServedSlide)
  expect(cache.peek(KEY.key)).toBeUndefined()
  expect(cache.peek(other.key)?.bytes.toString()).toBe('tile')
  expect(await shared.get(`abc${KEY.key}`)).toBeUndefined()
  expect(await shared.get(`abc${other.key}`)).toEqual(Buffer.from('tile'))
})

test('what stays in memory keeps no other bytes there', async () => {
  const cache = createTileCache(await sharedCache(), options)
  const page = Buffer.alloc(65_536, 7)
  await cache.get(KEY, countingLoad(page.subarray(100, 300)))
  const pooled = cache.keep('/tiles/s/1_files/9/1_0.jpeg', Buffer.from('a few bytes'))
  const own = Buffer.allocUnsafeSlow(5000)
  for (const { bytes } of [cache.peek(KEY.key)!, pooled]) expect(bytes.buffer.byteLength).toBe(bytes.length)
  expect(cache.peek(KEY.key)!.bytes.equals(page.subarray(100, 300))).toBe(true)
  expect(cache.keep('/tiles/s/1_files/9/2_0.jpeg', own).bytes).toBe(own)
})
