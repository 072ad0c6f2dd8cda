import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Objects } from './port.ts'

const MIB = 2 ** 20

/** What every adapter must do. `connect` opens the same store anew. */
export function objectsContract(connect: () => Promise<Objects>): void {
  let objects: Objects
  let scratch: string
  beforeAll(async () => {
    objects = await connect()
    scratch = await mkdtemp(join(tmpdir(), 'coverslip-scratch-'))
  })
  afterAll(async () => {
    await objects?.close()
    await rm(scratch, { recursive: true, force: true })
  })

  const newKey = (file = 'slide.tif'): string => `${randomUUID()}/1/${file}`
  const keysOf = async (prefix: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const { key } of objects.list(prefix)) keys.push(key)
    return keys
  }

  test('is ready', () => objects.ready())

  test('gives back the very bytes, whole and in ranges', async () => {
    const key = newKey()
    const bytes = randomBytes(300_000)
    expect(await objects.put(key, bytes)).toEqual({ key, size: 300_000 })
    expect(await objects.head(key)).toEqual({ key, size: 300_000 })
    expect((await buffer(await objects.stream(key))).equals(bytes)).toBe(true)
    expect((await objects.range(key, 1000, 70_000)).equals(bytes.subarray(1000, 71_000))).toBe(true)
    expect(await objects.range(key, 299_999, 1)).toEqual(bytes.subarray(299_999))
    expect(await objects.range(key, 5, 0)).toEqual(Buffer.alloc(0))
    const part = await buffer(await objects.stream(key, { offset: 10, length: 20 }))
    expect(part).toEqual(bytes.subarray(10, 30))
    const tail = await buffer(await objects.stream(key, { offset: 299_990, length: 1000 }))
    expect(tail).toEqual(bytes.subarray(299_990))
  })

  test('many ranges at once', async () => {
    const key = newKey()
    const bytes = randomBytes(MIB)
    await objects.put(key, bytes)
    const offsets = Array.from({ length: 64 }, (_, i) => i * 16_000)
    const parts = await Promise.all(offsets.map(offset => objects.range(key, offset, 16_000)))
    expect(Buffer.concat(parts).equals(bytes.subarray(0, 64 * 16_000))).toBe(true)
  })

  test('keeps an empty object', async () => {
    const key = newKey()
    await objects.put(key, Buffer.alloc(0))
    expect(await objects.head(key)).toEqual({ key, size: 0 })
    expect(await buffer(await objects.stream(key))).toEqual(Buffer.alloc(0))
  })

  test('an object that is not there: head says so, reading is an error that says so', async () => {
    const key = newKey()
    expect(await objects.head(key)).toBeUndefined()
    await expect(objects.range(key, 0, 10)).rejects.toMatchObject({ code: 'not-found' })
    await expect(objects.stream(key)).rejects.toMatchObject({ code: 'not-found' })
    await expect(objects.localFile(key, scratch)).rejects.toMatchObject({ code: 'not-found' })
  })

  test.each([
    [0, 1001],
    [999, 2],
    [1000, 1],
    [5000, 1],
    [-1, 1],
    [0.5, 1],
  ])('a range that passes the end or is none is refused: %d, %d', async (offset, length) => {
    const key = newKey()
    await objects.put(key, randomBytes(1000))
    await expect(objects.range(key, offset, length)).rejects.toMatchObject({ code: 'invalid' })
  })

  test('an aborted range rejects', async () => {
    const key = newKey()
    await objects.put(key, randomBytes(1000))
    const gone = objects.range(key, 0, 1000, AbortSignal.abort())
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('a key is written once; the second writer is told and changes nothing', async () => {
    const key = newKey()
    await objects.put(key, Buffer.from('first'))
    const file = join(scratch, 'second')
    await writeFile(file, 'second')
    await expect(objects.put(key, Buffer.from('second'))).rejects.toMatchObject({ code: 'conflict' })
    await expect(objects.put(key, Readable.from([Buffer.from('second')]))).rejects.toMatchObject({ code: 'conflict' })
    await expect(objects.putFile(key, file)).rejects.toMatchObject({ code: 'conflict' })
    expect((await buffer(await objects.stream(key))).toString()).toBe('first')
  })

  test.each([200_000, 18 * MIB])(
    'of several that write one key of %d bytes at once exactly one succeeds',
    async size => {
      const key = newKey()
      const bodies = Array.from({ length: 4 }, (_, i) => Buffer.alloc(size, i))
      const results = await Promise.allSettled(bodies.map(body => objects.put(key, body)))
      const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []))
      expect(winners.length).toBe(1)
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict' })
      }
      expect((await buffer(await objects.stream(key))).equals(bodies[winners[0]!]!)).toBe(true)
    },
  )

  test('a large stream arrives whole, and is not there before its end', async () => {
    const key = newKey()
    const chunk = randomBytes(MIB)
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 40; i += 1) {
        if (i === 39) expect(await objects.head(key)).toBeUndefined()
        yield chunk
      }
    }
    expect(await objects.put(key, Readable.from(chunks()))).toEqual({ key, size: 40 * MIB })
    expect((await objects.range(key, 39 * MIB, MIB)).equals(chunk)).toBe(true)
    expect(
      (await objects.range(key, 17 * MIB - 5, 10)).equals(Buffer.concat([chunk.subarray(-5), chunk.subarray(0, 5)])),
    ).toBe(true)
  })

  test.each([1, 40])('a stream that breaks after %d MiB leaves nothing, and the key can be written', async size => {
    const key = newKey()
    async function* breaking(): AsyncGenerator<Buffer> {
      for (let i = 0; i < size; i += 1) yield Buffer.alloc(MIB)
      throw new Error('the scanner is gone')
    }
    await expect(objects.put(key, Readable.from(breaking()))).rejects.toThrow('the scanner is gone')
    expect(await objects.head(key)).toBeUndefined()
    expect(await keysOf(key)).toEqual([])
    await objects.put(key, Buffer.from('again'))
    expect(await objects.head(key)).toEqual({ key, size: 5 })
  })

  test('what unfinished uploads have left can be discarded, whether there is any or not; the object stays', async () => {
    const key = newKey()
    await objects.discardUnfinished(key)
    await objects.put(key, Buffer.from('kept'))
    await objects.discardUnfinished(key)
    expect((await objects.head(key))?.size).toBe(4)
    await expect(objects.discardUnfinished('../x')).rejects.toMatchObject({ code: 'invalid' })
  })

  test('makes an object of a file, which is gone afterwards', async () => {
    const key = newKey()
    const path = join(scratch, 'converted.tif')
    const bytes = randomBytes(100_000)
    await writeFile(path, bytes)
    expect(await objects.putFile(key, path)).toEqual({ key, size: 100_000 })
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
    expect((await buffer(await objects.stream(key))).equals(bytes)).toBe(true)
  })

  test('an object as a local file, with its ending; release removes what was downloaded', async () => {
    const key = newKey('slide.svs')
    const bytes = randomBytes(20 * MIB)
    await objects.put(key, bytes)
    const folder = await mkdtemp(join(scratch, 'local-'))
    const file = await objects.localFile(key, folder)
    expect(file.path).toMatch(/\.svs$/)
    expect((await readFile(file.path)).equals(bytes)).toBe(true)
    await file.release()
    expect(await readdir(folder)).toEqual([])
    expect((await objects.head(key))?.size).toBe(20 * MIB)
  })

  test('lists by prefix in the order of the keys', async () => {
    const slide = randomUUID()
    const files = ['1/a.tif', '1/a/b.tif', '1/a-b.tif', '1/a.b/c', '10/x', '2/B', '2/a', '2/_']
    for (const file of files) await objects.put(`${slide}/${file}`, Buffer.from(file))
    const expected = files.map(file => `${slide}/${file}`).sort()
    expect(await keysOf(`${slide}/`)).toEqual(expected)
    expect(await keysOf(`${slide}/1`)).toEqual(expected.filter(key => key.startsWith(`${slide}/1`)))
    expect(await keysOf(`${slide}/1/a/`)).toEqual([`${slide}/1/a/b.tif`])
    expect(await keysOf(`${slide}/3`)).toEqual([])
    const all = await keysOf('')
    expect(all).toEqual(all.toSorted())
    expect(all).toEqual(expect.arrayContaining(expected))
  })

  test('deletes what is under a prefix, and nothing else', async () => {
    const slide = randomUUID()
    for (const file of ['1/a', '1/b/c', '2/a']) await objects.put(`${slide}/${file}`, Buffer.from(file))
    await objects.deletePrefix(`${slide}/1/`)
    expect(await keysOf(`${slide}/`)).toEqual([`${slide}/2/a`])
    await objects.deletePrefix(`${slide}/`)
    await objects.deletePrefix(`${slide}/`)
    expect(await keysOf(`${slide}/`)).toEqual([])
    await expect(objects.deletePrefix('')).rejects.toMatchObject({ code: 'invalid' })
    await objects.put(`${slide}/1/a`, Buffer.from('new'))
    expect(await keysOf(`${slide}/`)).toEqual([`${slide}/1/a`])
  })

  test.each([
    '',
    '/',
    'a//b',
    '../x',
    'a/../b',
    '/etc/passwd',
    'a/./b',
    'a b',
    'a\\b',
    'a\0b',
    'ä',
    'a/',
    'x'.repeat(1025),
  ])('refuses the key %j', async key => {
    const refused = { code: 'invalid' }
    await expect(objects.put(key, Buffer.from('x'))).rejects.toMatchObject(refused)
    await expect(objects.head(key)).rejects.toMatchObject(refused)
    await expect(objects.range(key, 0, 1)).rejects.toMatchObject(refused)
  })

  test('everything is there after closing and opening again', async () => {
    const key = newKey()
    await objects.put(key, Buffer.from('kept'))
    await objects.close()
    objects = await connect()
    expect((await buffer(await objects.stream(key))).toString()).toBe('kept')
  })
}
