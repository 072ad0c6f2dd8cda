/** Originals that lie in an object store: a real one, held up where a test wants it slow. */
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects, ReadableObjects } from '@coverslip/platform/objects/port.ts'
import { s3Missing, startS3, type TestServer } from '@coverslip/platform/testing/servers.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createFetched, type Fetched, type FetchedLimits } from './fetched.ts'

const missing = s3Missing()
const SIZE = 1000
const keyOf = (slide: number): [string] => [`slide-${slide}/1/original.ndpi`]
const bodyOf = (slide: number): Buffer => Buffer.alloc(SIZE, slide)

describe.skipIf(missing)(`originals of an object store${missing ? ` (${missing})` : ''}`, () => {
  let server: TestServer
  let store: Objects
  let scratch: string
  let fetched: Fetched
  beforeAll(async () => {
    const started = await startS3()
    if ('missing' in started) throw new Error(started.missing)
    server = started.server
    store = await openObjects(server.url)
    for (let slide = 0; slide < 4; slide += 1) await store.put(keyOf(slide)[0], bodyOf(slide))
    scratch = await mkdtemp(join(tmpdir(), 'coverslip-fetched-'))
  })
  afterEach(async () => {
    await fetched.close()
    expect(await readdir(scratch)).toEqual([])
  })
  afterAll(async () => {
    await store?.close()
    await server?.stop()
    await rm(scratch, { recursive: true, force: true })
  })

  const open = (limits: Partial<FetchedLimits> = {}, from: ReadableObjects = store): Fetched => {
    fetched = createFetched(from, scratch, { room: 10 * SIZE, ...limits })
    return fetched
  }

  /** The store, whose files come when they are let; `left` tells of those that were given up. */
  function held() {
    const gate = Promise.withResolvers<void>()
    const left = vi.fn()
    const localFile = vi.fn<Objects['localFile']>(async (key, folder, signal) => {
      const gone = once(signal!, 'abort').then(left)
      await Promise.race([gate.promise, gone])
      return store.localFile(key, folder, signal)
    })
    return { from: { ...store, localFile }, let: gate.resolve, left }
  }

  test('one is brought once for all who ask, and stays for those who come soon', async () => {
    const { from, let: proceed } = held()
    open({}, from)
    const asked = [1, 2, 3].map(() => fetched.acquire(keyOf(1)))
    proceed()
    const files = await Promise.all(asked)
    for (const file of files) expect(await readFile(file.path)).toEqual(bodyOf(1))
    for (const file of files) await file.release()
    const again = await fetched.acquire(keyOf(1))
    expect(again.path).toBe(files[0]!.path)
    expect(from.localFile).toHaveBeenCalledTimes(1)
    await again.release()
  })

  test('who comes while it is on its way is told to come again; the work goes on meanwhile', async () => {
    const { from, let: proceed } = held()
    open({ patienceMs: 20 }, from)
    for (let i = 0; i < 3; i += 1) {
      await expect(fetched.acquire(keyOf(1))).rejects.toMatchObject({
        code: 'unavailable',
        retryable: true,
        publicMessage: expect.stringContaining('being fetched'),
      })
    }
    // What nobody is kept waiting by may take its time.
    const patient = fetched.acquire(keyOf(1), 60_000)
    proceed()
    const file = await patient
    expect(await readFile(file.path)).toEqual(bodyOf(1))
    expect(from.localFile).toHaveBeenCalledTimes(1)
    await file.release()
  })

  test('what nobody asks for any more is given up, and begun anew by the next', async () => {
    const { from, let: proceed, left } = held()
    open({ patienceMs: 10, lonelyMs: 30 }, from)
    await expect(fetched.acquire(keyOf(1))).rejects.toMatchObject({ code: 'unavailable' })
    await vi.waitFor(() => expect(left).toHaveBeenCalled())
    proceed()
    const file = await fetched.acquire(keyOf(1), 60_000)
    expect(await readFile(file.path)).toEqual(bodyOf(1))
    expect(from.localFile).toHaveBeenCalledTimes(2)
    await file.release()
  })

  test('all together stay within their room: idle ones leave, those in use do not', async () => {
    open({ room: 2 * SIZE })
    const files = [await fetched.acquire(keyOf(0)), await fetched.acquire(keyOf(1))]
    await expect(fetched.acquire(keyOf(2))).rejects.toMatchObject({ code: 'unavailable', retryable: true })
    await files[1]!.release()
    const third = await fetched.acquire(keyOf(2))
    expect(await readdir(scratch)).toHaveLength(2)
    expect(await readFile(files[0]!.path)).toEqual(bodyOf(0))
    expect(await readFile(third.path)).toEqual(bodyOf(2))
    await expect(readFile(files[1]!.path)).rejects.toMatchObject({ code: 'ENOENT' })
    for (const file of [files[0]!, third]) await file.release()
  })

  test('one that is larger than the room is left to its pyramid', async () => {
    open({ room: SIZE - 1 })
    await expect(fetched.acquire(keyOf(1))).rejects.toMatchObject({ code: 'too-large' })
  })

  test('what nobody looks at leaves, and so does what was deleted, after the last reader', async () => {
    open({ idleMs: 30 })
    await (await fetched.acquire(keyOf(1))).release()
    await vi.waitFor(async () => expect(await readdir(scratch)).toEqual([]))
    const file = await fetched.acquire(keyOf(2))
    fetched.forget('slide-2/')
    expect(await readFile(file.path)).toEqual(bodyOf(2))
    await file.release()
    await vi.waitFor(async () => expect(await readdir(scratch)).toEqual([]))
  })

  test('whoever waits for what is deleted on its way is told so', async () => {
    const { from } = held()
    open({}, from)
    for (const begun of [false, true]) {
      const waiting = fetched.acquire(keyOf(1), 60_000)
      if (begun) await vi.waitFor(() => expect(from.localFile).toHaveBeenCalled())
      fetched.forget('slide-1/')
      await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
    }
  })

  test('one that is not there says so, now and later', async () => {
    open()
    for (let i = 0; i < 2; i += 1) {
      await expect(fetched.acquire(['slide-9/1/original.ndpi'])).rejects.toMatchObject({ code: 'not-found' })
    }
  })

  test('files that belong together lie beside each other', async () => {
    await store.put('slide-7/1/slide.mrxs', Buffer.from('index'))
    await store.put('slide-7/1/slide/Data0000.dat', Buffer.from('data'))
    open()
    const file = await fetched.acquire(['slide-7/1/slide.mrxs', 'slide-7/1/slide/Data0000.dat'])
    expect(await readFile(file.path, 'utf8')).toBe('index')
    expect(await readFile(join(file.path, '../slide/Data0000.dat'), 'utf8')).toBe('data')
    await file.release()
  })
})
