import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { emptyDatabase } from '@coverslip/platform/testing/database.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backup } from './backup.ts'
import { walk } from './folder.ts'
import { placeOf } from './manifest.ts'
import { restore } from './restore.ts'

let folder: string
let data: string
const tar = () => join(folder, 'backup.tar')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-backup-'))
  data = join(folder, 'data')
  await mkdir(join(data, 'db/base'), { recursive: true, mode: 0o700 })
  await mkdir(join(data, 'keys'), { mode: 0o700 })
  await mkdir(join(data, 'empty'))
  await writeFile(join(data, 'owner-token'), 'secret\n', { mode: 0o600 })
  await writeFile(join(data, 'keys/signing.pem'), 'key', { mode: 0o400 })
  await writeFile(join(data, 'db/base/1'), Buffer.alloc(3_000_001, 7))
  await writeFile(join(data, `db/${'x'.repeat(180)}`), '')
  await mkdir(join(data, 'source/ä/1'), { recursive: true })
  await writeFile(join(data, 'source/ä/1/file'), 'bytes')
  await utimes(join(data, 'owner-token'), 1_700_000_000, 1_700_000_000)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Path, kind, mode, size, time and content of everything below a folder. */
async function everything(root: string): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const one of walk(root)) {
    const content = one.kind === 'file' ? await readFile(join(root, one.path), 'base64') : ''
    all.push({ ...one, changed: Math.floor(one.changed.getTime() / 1000), content })
  }
  return all
}

test('a restored folder differs in nothing: contents, permissions, times, empty folders', async () => {
  const before = await everything(data)
  const written = await backup(data, tar(), { force: false })
  expect(written).toEqual({ files: 5, bytes: 3_000_001 + 7 + 3 + 5 })
  expect((await stat(tar())).mode & 0o777).toBe(0o600)
  expect(await restore(tar(), join(folder, 'again'))).toEqual(written)
  expect(await everything(join(folder, 'again'))).toEqual(before)
  expect((await readdir(folder)).sort()).toEqual(['again', 'backup.tar', 'data'])
})

test('a backup is refused while a Coverslip has the database open, and works afterwards', async () => {
  const open = join(folder, 'open')
  const database = await openDatabase(await emptyDatabase(join(open, 'db')))
  await expect(backup(open, tar(), { force: false })).rejects.toThrow(/stop it first/)
  await database.close()
  await backup(open, tar(), { force: false })
  await restore(tar(), join(folder, 'again'))
  const again = await openDatabase(`pglite:${join(folder, 'again/db')}`)
  await again.close()
})

test('a backup or a restore that is stopped leaves nothing', async () => {
  const signal = AbortSignal.abort(new Error('stopped'))
  await expect(backup(data, tar(), { force: false, signal })).rejects.toThrow('stopped')
  await backup(data, tar(), { force: false })
  await expect(restore(tar(), join(folder, 'again'), { signal })).rejects.toThrow('stopped')
  expect((await readdir(folder)).sort()).toEqual(['backup.tar', 'data'])
})

test('a backup never lies in the folder that it copies, and never replaces a file unasked', async () => {
  await expect(backup(data, join(data, 'x.tar'), { force: false })).rejects.toMatchObject({ exitCode: 2 })
  await writeFile(tar(), 'precious')
  await expect(backup(data, tar(), { force: false })).rejects.toThrow(/--force/)
  expect(await readFile(tar(), 'utf8')).toBe('precious')
  await backup(data, tar(), { force: true })
  await restore(tar(), join(folder, 'again'))
})

test('a link is refused by name and leaves no archive', async () => {
  await symlink('/etc', join(data, 'link'))
  await expect(backup(data, tar(), { force: false })).rejects.toThrow(/link/)
  expect(await readdir(folder)).toEqual(['data'])
})

test('nothing is restored into a folder that holds something', async () => {
  await backup(data, tar(), { force: false })
  await expect(restore(tar(), data)).rejects.toThrow(/not empty/)
  await mkdir(join(folder, 'hollow'))
  await restore(tar(), join(folder, 'hollow'))
  expect(await readFile(join(folder, 'hollow/owner-token'), 'utf8')).toBe('secret\n')
})

const spoil: [string, (path: string) => Promise<void>][] = [
  ['cut off at a block', path => truncate(path, 512 * 40)],
  ['cut off within a file', path => truncate(path, 1_000_000)],
  ['without its manifest', async path => truncate(path, (await stat(path)).size - 4096)],
  [
    'with one changed byte in a file',
    async path => {
      const bytes = await readFile(path)
      bytes[bytes.indexOf(Buffer.alloc(5000, 7)) + 4000] = 8
      await writeFile(path, bytes)
    },
  ],
  ['that is no archive', path => writeFile(path, 'hello'.repeat(1000))],
  ['that is empty', path => writeFile(path, '')],
]
test.each(spoil)('a backup %s is refused and leaves nothing', async (_how, damage) => {
  await backup(data, tar(), { force: false })
  await chmod(tar(), 0o600)
  await damage(tar())
  await expect(restore(tar(), join(folder, 'again'))).rejects.toThrow(/was not restored/)
  expect((await readdir(folder)).sort()).toEqual(['backup.tar', 'data'])
})

test.each(['data/../x', '/data/x', 'data/./x', 'data/..', 'etc/x', 'data//x', 'data\\x', 'data/a\0'])(
  'the entry name %j is refused',
  name => {
    expect(() => placeOf(name)).toThrow(RangeError)
  },
)
