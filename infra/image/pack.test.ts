import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { imageOf, writeArchive } from './pack.ts'

const run = promisify(execFile)
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
let folder: string
let layers: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coverslip-pack-'))
  layers = [join(folder, 'one.tar'), join(folder, 'two.tar')]
  await writeFile(layers[0]!, 'a layer of 22 bytes…')
  await writeFile(layers[1]!, Buffer.alloc(5000, 'b'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const NAME = 'registry.example.org/coverslip:1'

test('tar reads the archive, and every blob has the name of its content', async () => {
  const out = join(folder, 'image.tar')
  const { digest, entries } = await imageOf(NAME, { User: '10001:10001' }, layers)
  await writeArchive(out, entries)
  await run('tar', ['-xf', out, '-C', folder])
  const read = async (path: string) => JSON.parse(await readFile(join(folder, path), 'utf8'))
  const index = await read('index.json')
  expect(index.manifests[0].digest).toBe(digest)
  expect(index.manifests[0].annotations['io.containerd.image.name']).toBe(NAME)
  const manifest = await read(`blobs/sha256/${digest.slice(7)}`)
  expect(manifest.layers.map((layer: { size: number }) => layer.size)).toEqual([22, 5000])
  for (const { digest: blob, size } of [manifest.config, ...manifest.layers]) {
    const bytes = await readFile(join(folder, `blobs/sha256/${blob.slice(7)}`))
    expect([`sha256:${sha256(bytes)}`, bytes.length]).toEqual([blob, size])
  }
  const docker = await read('manifest.json')
  expect(docker[0].RepoTags).toEqual([NAME])
  expect(await read(docker[0].Config)).toMatchObject({
    os: 'linux',
    config: { User: '10001:10001' },
    rootfs: { diff_ids: manifest.layers.map((layer: { digest: string }) => layer.digest) },
  })
})

test('the same layers give the same bytes, another layer another digest', async () => {
  const written = async (name: string, files: string[]) => {
    const { digest, entries } = await imageOf(NAME, {}, files)
    await writeArchive(join(folder, name), entries)
    return [digest, sha256(await readFile(join(folder, name)))]
  }
  const first = await written('a.tar', layers)
  expect(await written('b.tar', layers)).toEqual(first)
  expect((await written('c.tar', [layers[0]!]))[0]).not.toBe(first[0])
})

test('the recipe of Docker says the same of users and environment', async () => {
  const recipe = await readFile(new URL('Dockerfile', import.meta.url), 'utf8')
  const config = JSON.parse(await readFile(new URL('service.json', import.meta.url), 'utf8'))
  const variables = /^ENV (.*)$/m.exec(recipe)![1]!.split(' ')
  expect(config.Env.filter((one: string) => !one.startsWith('PATH='))).toEqual(variables)
  expect(recipe).toContain(`USER ${config.User}\n`)
  expect(recipe).toContain(`ENTRYPOINT ${JSON.stringify(config.Entrypoint)}\n`)
  expect(recipe).toContain(`CMD ${JSON.stringify(config.Cmd)}`)
})
