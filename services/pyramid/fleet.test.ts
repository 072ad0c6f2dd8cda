import { setTimeout as sleep } from 'node:timers/promises'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { clientOf, locationOf } from '@coverslip/platform/objects/s3-client.ts'
import { s3Missing } from '@coverslip/platform/testing/servers.ts'
import { sharedData, sharedSlide } from '@coverslip/wsi/test-data.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Fleet, type Outcome, startFleet } from './fleet.ts'

const missing = s3Missing() ?? (sharedData ? undefined : '../shared/data is missing')
/** 7200 x 7200 px: 64 parts of 1024 px. */
const SLIDE = 'svs/aperio-7k-copied.svs'
const PARTS = 64

describe.skipIf(missing)(`three workers on NATS, PostgreSQL and S3${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let fleet: Fleet
  beforeAll(async () => {
    fleet = await startFleet({ PYRAMID_PART_SIZE: '1024', PYRAMID_WINDOW: '6', PYRAMID_THREADS: '1' })
    await fleet.grow(3)
  })
  afterAll(() => fleet?.stop())

  const reportOf = (outcome: Outcome) => {
    if ('failed' in outcome) throw new Error(outcome.failed.reason)
    return outcome.report
  }
  const keysOf = async (slideId: string) => {
    const keys: string[] = []
    for await (const { key } of fleet.pyramids.list(`${slideId}/`)) keys.push(key)
    return keys
  }
  /** The announcement goes out before the parts are removed. */
  const onlyPyramid = (slideId: string) =>
    vi.waitFor(async () => expect(await keysOf(slideId)).toEqual([`${slideId}/1/pyramid.tiff`]), 10_000)
  const partsDone = async (slideId: string): Promise<number> =>
    (
      await fleet.query
        .selectFrom('tasks')
        .select('task')
        .where('slide_id', '=', slideId)
        .where('state', '=', 'done')
        .execute()
    ).length
  const until = async (what: () => Promise<boolean>) => {
    while (!(await what())) await sleep(20)
  }

  let whole: string
  it('build one slide together, each part once, with one copy of the original each', async () => {
    const { slideId, outcome } = await fleet.send(sharedSlide(SLIDE))
    const { parts, sizes, bytes, checksums } = reportOf(await outcome)
    whole = checksums.pyramid
    expect(parts).toEqual({ count: PARTS, repeated: 0 })
    await onlyPyramid(slideId)
    // Parts are written and read, the pyramid is written, and at most three workers fetched the original.
    const copies = Math.round((bytes.moved - 3 * sizes.pyramid) / sizes.original!)
    expect(copies).toBeGreaterThanOrEqual(2)
    expect(copies).toBeLessThanOrEqual(4)
    const told = fleet.progress.filter(progress => progress.slideId === slideId)
    expect(told.length).toBeGreaterThan(0)
    expect(told.at(-1)!.fraction).toBeGreaterThan(told[0]!.fraction)
  })

  it('go on when one is killed in the middle: only what it was at is built anew', async () => {
    const { slideId, outcome } = await fleet.send(sharedSlide(SLIDE))
    await until(async () => (await partsDone(slideId)) > 8)
    await fleet.workers[2]!.kill()
    const killed = await outcome
    expect(reportOf(killed).parts.repeated).toBeLessThanOrEqual(1)
    expect(reportOf(killed).checksums.pyramid).toBe(whole)
    await onlyPyramid(slideId)
    await fleet.workers[2]!.restart()
  })

  it('finish what all of them were at when all of them are killed', async () => {
    const { slideId, outcome } = await fleet.send(sharedSlide(SLIDE))
    await until(async () => (await partsDone(slideId)) > 8)
    await Promise.all(fleet.workers.map(worker => worker.kill()))
    const before = await partsDone(slideId)
    await Promise.all(fleet.workers.map(worker => worker.restart()))
    const { parts } = reportOf(await outcome)
    expect(before).toBeLessThan(PARTS)
    expect(parts.repeated).toBeLessThanOrEqual(3)
    await onlyPyramid(slideId)
    const location = locationOf(fleet.s3Url)
    const client = clientOf(location)
    const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: 'coverslip-pyramid' }))
    client.destroy()
    expect(uploads.Uploads ?? []).toEqual([])
  })

  it('share themselves between two slides: a small one does not wait for the end of a large one', async () => {
    const large = await fleet.send(sharedSlide(SLIDE))
    await until(async () => (await partsDone(large.slideId)) > 4)
    const small = await fleet.send(sharedSlide('svs/CMU-1-Small-Region.svs'))
    let largeDone = false
    void large.outcome.then(() => {
      largeDone = true
    })
    reportOf(await small.outcome)
    expect(largeDone).toBe(false)
    reportOf(await large.outcome)
  })
})
