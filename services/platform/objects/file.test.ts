import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { objectsContract } from './contract.ts'
import { openObjects } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-objects-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('files', () => objectsContract(() => openObjects(`file:${folder}/contract`)))

test('says where it is and how much room there is', async () => {
  const objects = await openObjects(`file:${folder}/where`)
  expect(objects.location).toEqual({ scheme: 'file', directory: join(folder, 'where') })
  expect(await objects.freeBytes()).toBeGreaterThan(0)
})

test('is not ready when its folder is gone', async () => {
  const objects = await openObjects(`file:${folder}/gone`)
  await rm(join(folder, 'gone'), { recursive: true })
  await expect(objects.ready()).rejects.toThrow()
})

test('leaves no empty folder behind a deleted slide', async () => {
  const objects = await openObjects(`file:${folder}/empty`)
  await objects.put('slide/1/a', Buffer.from('x'))
  await objects.put('slide/1/b/c', Buffer.from('x'))
  await objects.deletePrefix('slide/')
  expect(await readdir(join(folder, 'empty'))).toEqual(['.parts'])
})

// A process of its own that has written a part of an object, says so, and never finishes.
const WRITER = `
  import { openObjects } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
  import { Readable } from 'node:stream'
  const objects = await openObjects(process.argv[1])
  async function* bytes() {
    for (let i = 0; i < 8; i += 1) yield Buffer.alloc(2 ** 20)
    console.log('written')
    await new Promise(() => setInterval(() => {}, 1000))
  }
  await objects.put('slide/1/half.tif', Readable.from(bytes()))`

test('a killed writer leaves no object; its part is swept at the next opening, and nobody else’s', async () => {
  const root = join(folder, 'killed')
  const args = ['--input-type=module', '-e', WRITER, `file:${root}`]
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise(resolve => writer.once('exit', resolve))
  for await (const _line of createInterface({ input: writer.stdout })) {
    await openObjects(`file:${root}`)
    expect((await readdir(join(root, '.parts'))).length).toBe(1)
    writer.kill('SIGKILL')
  }
  await gone
  const objects = await openObjects(`file:${root}`)
  expect(await objects.head('slide/1/half.tif')).toBeUndefined()
  expect(await readdir(join(root, '.parts'))).toEqual([])
  await objects.put('slide/1/half.tif', Readable.from([Buffer.from('whole')]))
  expect((await objects.head('slide/1/half.tif'))?.size).toBe(5)
})

test('sweeps parts of other hosts when they are old, and of an earlier run with the same process id', async () => {
  const root = join(folder, 'swept')
  await openObjects(`file:${root}`)
  const parts = join(root, '.parts')
  const yesterday = new Date(Date.now() - 25 * 3_600_000)
  for (const name of ['elsewhere~7~run~old', 'elsewhere~7~run~new', `${hostname()}~${process.pid}~other~run`]) {
    await writeFile(join(parts, name), 'x')
  }
  await utimes(join(parts, 'elsewhere~7~run~old'), yesterday, yesterday)
  await openObjects(`file:${root}`)
  expect(await readdir(parts)).toEqual(['elsewhere~7~run~new'])
})

test('an object that is kept open gives ranges, without waiting where they are at hand', async () => {
  const objects = await openObjects(`file:${folder}/open`)
  const bytes = randomBytes(100_000)
  await objects.put('slide/1/a', bytes)
  const file = await objects.open!('slide/1/a')
  expect(file.size).toBe(100_000)
  expect((await file.read(1000, 70_000)).equals(bytes.subarray(1000, 71_000))).toBe(true)
  await expect(file.read(99_000, 1001)).rejects.toMatchObject({ code: 'invalid' })
  const target = Buffer.alloc(5000)
  const filled = file.readNow(20_000, target)
  // Not every file system can tell, and the machine may have let go of the pages.
  expect(target.equals(filled ? bytes.subarray(20_000, 25_000) : Buffer.alloc(5000))).toBe(true)
  expect(file.readNow(99_000, target)).toBe(false)
  const pending = file.read(0, 100_000)
  await file.close()
  expect((await pending).equals(bytes)).toBe(true)
  expect(file.readNow(20_000, target)).toBe(false)
  await expect(objects.open!('slide/1/b')).rejects.toMatchObject({ code: 'not-found' })
  await objects.close()
})
