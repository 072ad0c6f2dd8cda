import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSocket } from './socket.ts'

let scratch: string
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'coverslip-socket-'))
})
afterEach(() => rm(scratch, { recursive: true, force: true }))

test('it lies in the scratch folder, unless that path is too long for a socket', async () => {
  expect(dirname((await openSocket(scratch)).path)).toBe(scratch)
  const deep = join(scratch, 'a'.repeat(60), 'b'.repeat(60))
  await mkdir(deep, { recursive: true })
  const elsewhere = await openSocket(deep)
  expect(Buffer.byteLength(elsewhere.path)).toBeLessThanOrEqual(103)
  await elsewhere.remove()
})

test('a file that somebody removed is noticed', async () => {
  const socket = await openSocket(scratch)
  await writeFile(socket.path, '')
  await socket.ready()
  await socket.remove()
  await expect(socket.ready()).rejects.toMatchObject({ code: 'unavailable' })
})
