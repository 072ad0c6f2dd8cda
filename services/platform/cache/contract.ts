import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Cache } from './port.ts'

/** What every adapter must do. `small` opens one that has room for about `bytes`. */
export function cacheContract(connect: () => Promise<Cache>, small: (bytes: number) => Promise<Cache>): void {
  let cache: Cache
  beforeAll(async () => {
    cache = await connect()
    await vi.waitFor(() => cache.ready(), 15_000)
  })
  afterAll(() => cache?.close())

  test('gives back the very bytes, an empty value included', async () => {
    const value = randomBytes(70_000)
    await cache.set('bytes', value)
    await cache.set('empty', Buffer.alloc(0))
    expect((await cache.get('bytes'))?.equals(value)).toBe(true)
    expect(await cache.get('empty')).toEqual(Buffer.alloc(0))
  })

  test('an unknown key is a miss', async () => {
    expect(await cache.get('unknown')).toBeUndefined()
  })

  test('a later value replaces the earlier one', async () => {
    await cache.set('twice', Buffer.from('one'))
    await cache.set('twice', Buffer.from('two'))
    expect(await cache.get('twice')).toEqual(Buffer.from('two'))
  })

  test('forgets a deleted entry; deleting an unknown one is fine', async () => {
    await cache.set('deleted', Buffer.from('x'))
    await cache.delete('deleted')
    await cache.delete('never there')
    expect(await cache.get('deleted')).toBeUndefined()
  })

  test('forgets the entries whose keys begin alike, taken literally', async () => {
    for (const key of ['a/*/1', 'a/*/2', 'a/b/1', 'b']) await cache.set(key, Buffer.from('x'))
    await cache.deletePrefix('a/*/')
    expect(await Promise.all(['a/*/1', 'a/*/2'].map(key => cache.get(key)))).toEqual([undefined, undefined])
    expect(await cache.get('a/b/1')).toEqual(Buffer.from('x'))
    expect(await cache.get('b')).toEqual(Buffer.from('x'))
  })

  test('forgets an entry when its time is over', async () => {
    await cache.set('short', Buffer.from('x'), 0.2)
    await cache.set('long', Buffer.from('y'), 60)
    expect(await cache.get('short')).toEqual(Buffer.from('x'))
    await sleep(300)
    expect(await cache.get('short')).toBeUndefined()
    expect(await cache.get('long')).toEqual(Buffer.from('y'))
  })

  test('a set without a time removes an earlier one', async () => {
    await cache.set('renewed', Buffer.from('x'), 0.1)
    await cache.set('renewed', Buffer.from('y'))
    await sleep(200)
    expect(await cache.get('renewed')).toEqual(Buffer.from('y'))
  })

  test('one of many has a claim, until its time is over', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => cache.claim('work', 200)))
    expect(asked.filter(Boolean)).toHaveLength(1)
    expect(await cache.claim('other work', 200)).toBe(true)
    await sleep(300)
    expect(await cache.claim('work', 10_000)).toBe(true)
    await cache.release('work')
    expect(await cache.claim('work', 200)).toBe(true)
  })

  test('evicts entries when it is full, and takes new ones', async () => {
    const full = await small(4 * 2 ** 20)
    await vi.waitFor(() => full.ready(), 15_000)
    const keys = Array.from({ length: 200 }, (_, i) => `full-${i}`)
    for (const key of keys) await full.set(key, randomBytes(50_000))
    const held = await Promise.all(keys.map(key => full.get(key)))
    const count = held.filter(value => value !== undefined).length
    expect(count).toBeGreaterThan(5)
    expect(count).toBeLessThan(100)
    await full.set('last', Buffer.from('x'))
    expect(await full.get('last')).toEqual(Buffer.from('x'))
    await full.close()
  })
}
