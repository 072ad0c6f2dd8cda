/** Workers and servers that go away in the middle of a build: nothing is lost, and nothing is left behind. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { clientOf, locationOf } from '@coverslip/platform/objects/s3-client.ts'
import { s3Missing } from '@coverslip/platform/testing/servers.ts'
import { sql } from 'kysely'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ASSEMBLY } from './builds.ts'
import { type Fleet, type Outcome, startFleet } from './fleet.ts'

const missing = s3Missing()
/** 4096 x 4096 px in 16 parts; noise at this quality makes more than one part of a multipart upload (16 MiB). */
const EDGE = 4096
const PARTS = 16
const CODINGS = JSON.stringify({ HE: { quality: 95, subsampling: '4:4:4', floor: 95 } })

describe.skipIf(missing)(`outages under two workers${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let fleet: Fleet
  let folder: string
  let slide: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coverslip-outages-'))
    slide = join(folder, 'noise.tif')
    const create = { width: EDGE, height: EDGE, channels: 3 as const, background: 'white' }
    await sharp({ create: { ...create, noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
      .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'none' })
      .toFile(slide)
    fleet = await startFleet({
      PYRAMID_PART_SIZE: '1024',
      PYRAMID_WINDOW: '4',
      PYRAMID_THREADS: '1',
      PYRAMID_CODINGS: CODINGS,
      PYRAMID_SSIM_FLOOR: '0',
    })
    await fleet.grow(2)
  })
  afterAll(async () => {
    await fleet?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const until = async (what: () => Promise<boolean>) => {
    while (!(await what())) await sleep(10)
  }
  const tasks = (slideId: string) =>
    fleet.query.selectFrom('tasks').selectAll().where('slide_id', '=', slideId).execute()
  const partsDone = async (slideId: string, count: number): Promise<boolean> =>
    (await tasks(slideId)).filter(({ state }) => state === 'done').length >= count
  const keysOf = async (slideId: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const { key } of fleet.pyramids.list(`${slideId}/`)) keys.push(key)
    return keys
  }
  async function uploadsOf(slideId: string): Promise<number> {
    const client = clientOf(locationOf(fleet.s3Url))
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'coverslip-pyramid' }))
    client.destroy()
    return Uploads.filter(({ Key }) => Key?.startsWith(slideId)).length
  }
  /** Whether whoever is at the assembly gave a sign of life in the last second or so. */
  async function seenLately(slideId: string): Promise<boolean> {
    const row = await fleet.query
      .selectFrom('tasks')
      .select(sql<boolean>`seen_at > now() - interval '1300 milliseconds'`.as('lately'))
      .where('slide_id', '=', slideId)
      .where('task', '=', ASSEMBLY)
      .executeTakeFirst()
    return row?.lately ?? false
  }
  const reportOf = (outcome: Outcome) => {
    if ('failed' in outcome) throw new Error(outcome.failed.reason)
    return outcome.report
  }
  /** The announcement goes out before the parts are removed. */
  const leaves = (slideId: string, keys: string[]) =>
    vi.waitFor(async () => {
      expect({ keys: await keysOf(slideId), uploads: await uploadsOf(slideId) }).toEqual({ keys, uploads: 0 })
      expect(await tasks(slideId)).toEqual([])
    }, 20_000)

  it('all workers are killed in the multipart upload of the assembly: it is made again, the parts are not', async () => {
    const { slideId, outcome } = await fleet.send(slide)
    await until(async () => (await uploadsOf(slideId)) > 0)
    await Promise.all(fleet.workers.map(worker => worker.kill()))
    expect({ uploads: await uploadsOf(slideId), parts: await partsDone(slideId, PARTS) }).toEqual({
      uploads: 1,
      parts: true,
    })
    await Promise.all(fleet.workers.map(worker => worker.restart()))
    expect(reportOf(await outcome).parts).toEqual({ count: PARTS, repeated: 0 })
    await leaves(slideId, [`${slideId}/1/pyramid.tiff`])
  })

  it('the slide is deleted in the multipart upload: neither parts nor the upload stay', async () => {
    const { slideId } = await fleet.send(slide)
    await until(async () => (await uploadsOf(slideId)) > 0)
    await fleet.delete(slideId)
    await leaves(slideId, [])
    // Nor do they come back with what was under way.
    await sleep(3000)
    await leaves(slideId, [])
    const outcomes = await fleet.query.selectFrom('pyramids').select('state').where('slide_id', '=', slideId).execute()
    expect(outcomes).toEqual([{ state: 'deleted' }])
  })

  it('the worker at the assembly is frozen until another one has taken over: the slide does not fail', async () => {
    const { slideId, outcome } = await fleet.send(slide)
    const assembly = async () => (await tasks(slideId)).find(({ task }) => task === ASSEMBLY)
    await until(async () => (await uploadsOf(slideId)) > 0)
    for (const worker of fleet.workers) worker.pause()
    const { holder } = (await assembly())!
    // Whoever does not have it waits; the one who has it goes on too late.
    fleet.workers[0]!.resume()
    await sleep(1500)
    const [late, other] = (await seenLately(slideId)) ? [0, 1] : [1, 0]
    fleet.workers[late]!.pause()
    fleet.workers[other]!.resume()
    await until(async () => (await assembly())?.holder !== holder)
    fleet.workers[late]!.resume()
    reportOf(await outcome)
    await leaves(slideId, [`${slideId}/1/pyramid.tiff`])
  })

  it.each(['nats', 's3'] as const)('%s goes away while parts are built and comes back', async name => {
    const { slideId, outcome } = await fleet.send(slide)
    await until(() => partsDone(slideId, 3))
    await fleet.servers[name].kill()
    await sleep(4000)
    await fleet.servers[name].restart()
    expect(reportOf(await outcome).parts.count).toBe(PARTS)
    await leaves(slideId, [`${slideId}/1/pyramid.tiff`])
  })
})
