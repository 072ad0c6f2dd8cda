import { mkdtemp, readdir, readlink, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFiles } from '@coverslip/platform/objects/file.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createHandles, type Handles } from './handles.ts'

let folder: string
let stage: Objects
const KEYS = Array.from({ length: 6 }, (_, i) => `staged/${i}/1/pyramid.tiff`)
const bodyOf = (key: string): Buffer => Buffer.from(`the bytes of ${key}`)
let handles: Handles | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-handles-'))
  stage = await openFiles(folder)
  for (const key of KEYS) await stage.put(key, bodyOf(key))
})
afterEach(() => handles?.close())
afterAll(() => rm(folder, { recursive: true, force: true }))

const readAll = (key: string): Promise<string> =>
  handles!.read(key, 0, bodyOf(key).length).then(bytes => bytes.toString())

/** The files of the stage that this process holds open, also those that have no name any more. */
async function openNow(): Promise<string[]> {
  const links = (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
  return (await Promise.all(links)).filter(path => path.startsWith(folder)).sort()
}

test('a copy is opened once for many reads, and no more than so many are open, however many are read', async () => {
  const open = vi.fn(stage.open!)
  handles = createHandles({ open, range: stage.range }, 2)
  for (let i = 0; i < 5; i += 1) expect(await readAll(KEYS[0]!)).toBe(bodyOf(KEYS[0]!).toString())
  expect(open).toHaveBeenCalledTimes(1)
  const all = await Promise.all([...KEYS, ...KEYS].map(readAll))
  expect(all).toEqual([...KEYS, ...KEYS].map(key => bodyOf(key).toString()))
  await vi.waitFor(async () => expect(await openNow()).toHaveLength(2))
  handles.close()
  await vi.waitFor(async () => expect(await openNow()).toEqual([]))
})

test('what nobody reads is closed', async () => {
  handles = createHandles(stage, 4, 50)
  await readAll(KEYS[0]!)
  expect(await openNow()).toHaveLength(1)
  await vi.waitFor(async () => expect(await openNow()).toEqual([]))
})

test('a copy that leaves takes no space for longer than the reads that are under way', async () => {
  handles = createHandles(stage, 4)
  const key = 'staged/leaving/1/pyramid.tiff'
  await stage.put(key, bodyOf(key))
  await readAll(key)
  await stage.deletePrefix(key)
  const reading = readAll(key)
  handles.drop('staged/leaving/')
  expect(await reading).toBe(bodyOf(key).toString())
  await vi.waitFor(async () => expect(await openNow()).toEqual([]))
  await expect(readAll(key)).rejects.toMatchObject({ code: 'not-found' })
})

test('a handle that the file system knows no more is taken anew, once for all who hold it', async () => {
  const stale = vi.fn(() => Promise.reject(Object.assign(new Error('stale'), { code: 'ESTALE' })))
  const open = vi.fn(stage.open!).mockImplementationOnce(async key => ({ ...(await stage.open!(key)), read: stale }))
  handles = createHandles({ open, range: stage.range }, 4)
  const key = KEYS[0]!
  await expect(readAll(key)).rejects.toThrow('stale')
  open.mockImplementationOnce(async key => {
    const file = await stage.open!(key)
    return { ...file, read: vi.fn(file.read).mockImplementationOnce(file.read).mockImplementation(stale) }
  })
  expect(await readAll(key)).toBe(bodyOf(key).toString())
  expect(await Promise.all([readAll(key), readAll(key)])).toEqual(Array(2).fill(bodyOf(key).toString()))
  expect(open).toHaveBeenCalledTimes(3)
})

test('a copy that is not there is looked for again', async () => {
  handles = createHandles(stage, 4)
  const [key, away] = [KEYS[1]!, join(folder, 'away')]
  await rename(join(folder, key), away)
  await expect(readAll(key)).rejects.toMatchObject({ code: 'not-found' })
  await rename(away, join(folder, key))
  expect(await readAll(key)).toBe(bodyOf(key).toString())
})

test('a store without files is read by ranges', async () => {
  handles = createHandles({ range: stage.range }, 4)
  expect(await readAll(KEYS[0]!)).toBe(bodyOf(KEYS[0]!).toString())
})
