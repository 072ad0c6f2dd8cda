import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { objectsContract } from './contract.ts'
import { openLate } from './index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-late-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a store that is opened at its first use', () =>
  objectsContract(() => openLate(`file:${join(folder, 'late')}`)))

test('a store that is away at the start is used when it is back', async () => {
  const mount = join(folder, 'mount')
  await writeFile(mount, 'no folder can be made here')
  const store = await openLate(`file:${mount}`)
  expect(store.location).toEqual({ scheme: 'file', directory: mount })
  await expect(store.head('a')).rejects.toMatchObject({ code: 'unavailable', retryable: true })
  await rm(mount)
  await store.put('a', Buffer.from('bytes'))
  expect(await store.range('a', 0, 5)).toEqual(Buffer.from('bytes'))
  await store.close()
})
