/** The drill, on real servers: draw and confirm, back up, lose everything, restore into empty servers. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modules } from '@coverslip/all/modules.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { TestServer } from '@coverslip/platform/testing/process.ts'
import { s3Missing, startNats, startPostgres, startS3 } from '@coverslip/platform/testing/servers.ts'
import { startSystem, type TestSystem } from '@coverslip/platform/testing/system.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, clientOf, eventually, withJson } from '../../services/e2e/client.ts'
import { madeBytes } from '../../services/e2e/suites/made.ts'
import { backUp } from './backup.ts'
import { restore } from './restore.ts'
import { scrub } from './scrub.ts'
import { type BackupConfig, backupConfig } from './settings.ts'

const missing = s3Missing()

interface Servers {
  postgres: TestServer
  nats: TestServer
  s3: TestServer
}

async function startServers(): Promise<Servers> {
  const [postgres, nats, s3] = await Promise.all([startPostgres(), startNats(), startS3()])
  return { postgres, nats, s3: (s3 as { server: TestServer }).server }
}
const stopServers = (servers: Servers) => Promise.all(Object.values(servers).map(one => (one as TestServer).stop()))

function environmentOf({ postgres, nats, s3 }: Servers): Record<string, string> {
  const store = (name: string): string => s3.url.replace('@bucket?', `@coverslip-${name}?`)
  return {
    DATABASE_URL: postgres.url,
    BUS_URL: nats.url,
    OBJECTS_SOURCE_URL: store('source'),
    OBJECTS_ORIGINAL_URL: store('original'),
    OBJECTS_PYRAMID_URL: store('pyramid'),
    REVIEW_GATE: 'off',
  }
}

describe.skipIf(missing)(`backup and restore${missing ? `: skipped, ${missing}` : ''}`, () => {
  let data: string
  let servers: Servers
  let system: TestSystem
  let client: Client
  let config: BackupConfig
  /** Each survives everything: keys and the owner's token are kept apart from backups. */
  const start = async (): Promise<void> => {
    system = await startSystem(modules, { data, environment: environmentOf(servers) })
    client = clientOf({ url: system.url, token: await system.token() })
    config = backupConfig({ ...environmentOf(servers), BACKUP_URL: `file:${join(data, 'backup')}` })
  }

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'coverslip-backup-drill-'))
    servers = await startServers()
    await start()
  }, 240_000)
  afterAll(async () => {
    await system?.stop()
    await stopServers(servers)
    await rm(data, { recursive: true, force: true })
  })

  async function draw(slide: string): Promise<string> {
    const id = randomUUID()
    const geometry = { type: 'Point', coordinates: [5, 5] }
    const feature = { type: 'Feature', id, geometry, properties: {} }
    const answer = await client.get(`/api/slides/${slide}/annotations`, withJson('POST', feature))
    expect(answer.status).toBe(201)
    return id
  }
  const upload = async (seed: number): Promise<string> =>
    client.upload([{ name: `${seed}.svs`, bytes: await madeBytes({ width: 900, height: 700, seed }) }])
  const ready = (id: string): Promise<true> =>
    eventually(90, 'the slide to be served', async () =>
      (await client.slide(id)).state === 'ready' ? client.tiled(id) : undefined,
    )
  async function tile(id: string): Promise<string> {
    const answer = await client.get(`/tiles/${id}/1_files/10/1_1.jpeg`)
    expect(answer.status).toBe(200)
    return Buffer.from(await answer.arrayBuffer()).toString('base64')
  }
  const deleted = (id: string): Promise<Response> => client.get(`/api/slides/${id}`, { method: 'DELETE' })

  test('nothing that was confirmed is lost, and nothing that was taken away comes back', async () => {
    const [kept, gone, later] = (await Promise.all([upload(1), upload(2), upload(3)])) as [string, string, string]
    await Promise.all([kept, gone, later].map(ready))
    expect((await deleted(gone)).ok).toBe(true)
    const drawn = await Promise.all([draw(kept), draw(kept), draw(later)])
    const hash = await tile(kept)
    // One that is on its way at the moment of the backup, wherever it is.
    const underway = await upload(4)
    const first = await backUp(config)
    expect(first.objects).toBeGreaterThan(3)
    expect(first.messages).toBeGreaterThan(6)
    // The next one reads only what is new, and says so of later slides.
    await ready(underway)
    const second = await backUp(config)
    expect(second.objects).toBeGreaterThanOrEqual(first.objects)

    await system.stop()
    await stopServers(servers)
    servers = await startServers()
    config = backupConfig({ ...environmentOf(servers), BACKUP_URL: config.BACKUP_URL })
    const back = await restore(config, first.name)
    expect(back.objects).toBe(first.objects)
    await start()

    expect(await tile(kept)).toBe(hash)
    for (const [at, id] of drawn.entries()) {
      expect((await client.get(`/api/slides/${at < 2 ? kept : later}/annotations/${id}`)).status).toBe(200)
    }
    await ready(underway)
    expect((await client.get(`/tiles/${gone}.dzi`)).status).toBe(404)
    expect(await scrub(config, {})).toMatchObject({ problems: [] })
    await expect(restore(config)).rejects.toThrow(/holds tables/)
  }, 240_000)

  test('a flipped bit and a missing object are found by the scrub', async () => {
    const id = await upload(6)
    await ready(id)
    expect(await scrub(config, {})).toMatchObject({ problems: [] })
    const store = await openObjects(config.OBJECTS_PYRAMID_URL)
    const key = `${id}/1/pyramid.tiff`
    const { size } = (await store.head(key))!
    const bytes = await store.range(key, 0, size)
    bytes[size >> 1]! ^= 1
    await store.deletePrefix(key)
    await store.put(key, bytes)
    await store.close()
    const original = await openObjects(config.OBJECTS_ORIGINAL_URL)
    await original.deletePrefix(`${id}/`)
    await original.close()
    const { problems } = await scrub(config, {})
    expect(problems).toEqual(
      expect.arrayContaining([
        { store: 'pyramid', key, what: 'changed' },
        { store: 'original', key: expect.stringContaining(id), what: 'missing' },
      ]),
    )
    expect(problems).toHaveLength(2)
  }, 120_000)
})
