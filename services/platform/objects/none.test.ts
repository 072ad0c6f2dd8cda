import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { openObjects } from './index.ts'

const none = await openObjects('none:')
const KEY = 'slide/1/slide.tif'

test('nothing is there', async () => {
  await none.ready()
  expect(await none.head(KEY)).toBeUndefined()
  for await (const { key } of none.list('')) expect.unreachable(key)
  for (const read of [none.range(KEY, 0, 1), none.stream(KEY), none.localFile(KEY, '/tmp')])
    await expect(read).rejects.toMatchObject({ code: 'not-found' })
  await expect(none.range(KEY, 0, 1, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
})

test('nothing can be put there', async () => {
  const body = Readable.from([Buffer.from('x')])
  for (const write of [none.put(KEY, Buffer.from('x')), none.put(KEY, body), none.putFile(KEY, '/tmp/x')])
    await expect(write).rejects.toMatchObject({ code: 'unsupported', retryable: false })
  expect(body.destroyed).toBe(true)
})

test('deleting what is not there is no error; deleting everything at once is one, as with any store', async () => {
  await none.deletePrefix('slide/')
  await none.discardUnfinished(KEY)
  await expect(none.deletePrefix('')).rejects.toMatchObject({ code: 'invalid' })
})

test.each(['', '../x', '/etc/passwd', 'a b'])('refuses the key %j, as any store does', async key => {
  const refused = { code: 'invalid' }
  await expect(none.put(key, Buffer.from('x'))).rejects.toMatchObject(refused)
  await expect(none.head(key)).rejects.toMatchObject(refused)
  await expect(none.range(key, 0, 1)).rejects.toMatchObject(refused)
})
