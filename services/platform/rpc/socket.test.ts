import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { socketFolder } from './socket.ts'

let parent: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'coverslip-socket-test-'))
})
afterEach(() => rm(parent, { recursive: true, force: true }))

test('what dead processes left is removed, what living ones have is not', async () => {
  const first = await socketFolder(parent)
  // No process has a number beyond the kernel's largest (2^22).
  await mkdir(join(dirname(first), '4194999-abcdef'))
  const second = await socketFolder(parent)
  expect((await readdir(dirname(first))).sort()).toEqual([basename(first), basename(second)].sort())
  expect((await stat(dirname(first))).mode & 0o777).toBe(0o700)
})

test('a link in its place is not followed', async () => {
  const elsewhere = await mkdtemp(join(parent, 'elsewhere-'))
  await symlink(elsewhere, join(parent, `coverslip-${process.getuid!()}`))
  await socketFolder(parent)
  expect(await readdir(elsewhere)).toEqual([])
})
