import { describe, expect, test } from 'vitest'
import { cacheContract } from './contract.ts'
import { openCache } from './index.ts'

describe('memory', () =>
  cacheContract(
    () => openCache('memory:'),
    bytes => openCache(`memory:?bytes=${bytes}`),
  ))

test('a value larger than the whole cache is not kept', async () => {
  const cache = await openCache('memory:?bytes=1000')
  await cache.set('large', Buffer.alloc(2000))
  expect(await cache.get('large')).toBeUndefined()
})

test.each(['memory:?bytes=none', 'memory:?bytes=0', 'disk:'])('refuses %s', async url => {
  await expect(openCache(url)).rejects.toThrow()
})
