/** Several processes of this service on real servers: for the test of what a cluster does, and for the benchmark. */
import { randomBytes, randomUUID } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBus } from '@coverslip/platform/bus/index.ts'
import { openDatabase } from '@coverslip/platform/db/index.ts'
import { fileSha256 } from '@coverslip/platform/objects/digest.ts'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { startServer, type TestServer } from '@coverslip/platform/testing/process.ts'
import { startNats, startPostgres, startS3 } from '@coverslip/platform/testing/servers.ts'
import {
  SlideDeidentified,
  SlideDeleted,
  SlideFailed,
  SlideProgress,
  SlideTiled,
} from '@coverslip/proto/gen/events/v1/events.ts'
import { Rendition } from '@coverslip/proto/gen/slides/v1/slides.ts'
import { streams, subjectOf } from '@coverslip/proto/streams.ts'
import type { Kysely } from 'kysely'
import type { QualityReport } from './quality-report.ts'
import { findReport } from './store.ts'
import type { Tables } from './tables.ts'

export type Outcome = { tiled: SlideTiled; report: QualityReport; seconds: number } | { failed: SlideFailed }

export interface Fleet {
  query: Kysely<Tables>
  pyramids: Objects
  s3Url: string
  servers: { nats: TestServer; postgres: TestServer; s3: TestServer }
  workers: TestServer[]
  /** Starts workers until there are so many. */
  grow(size: number): Promise<void>
  /** Stops workers until so many are left. */
  shrink(size: number): Promise<void>
  /** Puts a slide into the store of originals and tells of it. */
  send(path: string): Promise<{ slideId: string; outcome: Promise<Outcome> }>
  delete(slideId: string): Promise<void>
  /** What was told so far; `at` in milliseconds of performance.now(). */
  progress: (SlideProgress & { at: number })[]
  stop(): Promise<void>
}

const MAIN = new URL('./main.ts', import.meta.url).pathname

/**
 * NATS, PostgreSQL and an S3 server without workers.
 * @param settings of each worker
 * @throws Error when there is no S3 server; see s3Missing
 */
export async function startFleet(settings: Record<string, string>): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'coverslip-fleet-'))
  const [nats, postgres, s3] = await Promise.all([startNats(), startPostgres(), startS3()])
  if ('missing' in s3) throw new Error(s3.missing)
  const storeUrl = (kind: string): string => s3.server.url.replace('@bucket?', `@coverslip-${kind}?`)
  const serviceSecret = randomBytes(32).toString('hex')
  const environment = (name: string): Record<string, string> => ({
    COVERSLIP_DATA: join(folder, name),
    METRICS_PORT: '0',
    RPC_PORT: '0',
    LOG_FILE: join(folder, `${name}.jsonl`),
    DATABASE_URL: postgres.url,
    BUS_URL: nats.url,
    OBJECTS_ORIGINAL_URL: storeUrl('original'),
    OBJECTS_PYRAMID_URL: storeUrl('pyramid'),
    SERVICE_SECRET: serviceSecret,
    UV_THREADPOOL_SIZE: '16',
    ...settings,
  })
  const workers: TestServer[] = []
  let started = 0
  async function grow(size: number): Promise<void> {
    while (workers.length < size) workers.push(await startWorker(environment(`worker-${started++}`)))
  }
  await grow(1)
  const database = await openDatabase(postgres.url)
  const { query } = await database.open<Tables>('pyramid', [])
  const bus = await openBus(nats.url, {})
  for (const stream of streams()) await bus.ensureStream(stream)
  const [originals, pyramids] = await Promise.all([openObjects(storeUrl('original')), openObjects(storeUrl('pyramid'))])
  const waiting = new Map<string, { begun: number; resolve(outcome: Outcome): void }>()
  const progress: Fleet['progress'] = []

  const settle = async (slideId: string, of: (begun: number) => Promise<Outcome>): Promise<void> => {
    const wait = waiting.get(slideId)
    waiting.delete(slideId)
    if (wait) wait.resolve(await of(wait.begun))
  }
  const follow = (event: 'slides.tiled' | 'slides.tiling_failed', handle: (data: Uint8Array) => Promise<void>) =>
    bus.follow({ stream: 'SLIDES', subject: subjectOf(event, '*'), from: 'now' }, ({ data }) => handle(data))
  await follow('slides.tiled', data => {
    const tiled = SlideTiled.decode(data)
    return settle(tiled.slideId, async begun => {
      const seconds = (performance.now() - begun) / 1000
      return { tiled, report: JSON.parse((await findReport(query, tiled.slideId))!.report), seconds }
    })
  })
  await follow('slides.tiling_failed', data => {
    const failed = SlideFailed.decode(data)
    return settle(failed.slideId, async () => ({ failed }))
  })
  await bus.listen(subjectOf('pyramid.progress', '*'), (_subject, data) => {
    progress.push({ ...SlideProgress.decode(data), at: performance.now() })
  })

  return {
    query,
    pyramids,
    s3Url: s3.server.url,
    servers: { nats, postgres, s3: s3.server },
    workers,
    progress,
    grow,
    async shrink(size) {
      while (workers.length > size) await workers.pop()!.stop()
    },
    async send(path) {
      const event = await putOriginal(originals, folder, path)
      const { promise, resolve } = Promise.withResolvers<Outcome>()
      waiting.set(event.slideId, { begun: performance.now(), resolve })
      const data = SlideDeidentified.encode(event).finish()
      await bus.publish(subjectOf('slides.deidentified', 'onprem'), data, { id: event.slideId })
      return { slideId: event.slideId, outcome: promise }
    },
    async delete(slideId) {
      const data = SlideDeleted.encode({ slideId, reason: 'deleted' }).finish()
      await bus.publish(subjectOf('slides.deleted', 'onprem'), data, { id: `${slideId} deleted` })
    },
    async stop() {
      await Promise.all(workers.map(worker => worker.stop()))
      for (const part of [bus, originals, pyramids, database]) await part.close()
      await Promise.all([nats, postgres, s3.server].map(server => server.stop()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startWorker(environment: Record<string, string>): Promise<TestServer> {
  await mkdir(environment.COVERSLIP_DATA!, { recursive: true })
  return startServer({
    title: 'a pyramid worker',
    url: port => `http://127.0.0.1:${port}`,
    command: port => ({ file: process.execPath, args: [MAIN], env: { ...environment, PORT: String(port) } }),
    async probe(port) {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
      if (!answer.ok) throw new Error(`not ready: ${answer.status}`)
    },
    signal: 'SIGTERM',
  })
}

async function putOriginal(originals: Objects, folder: string, path: string): Promise<SlideDeidentified> {
  const slideId = randomUUID()
  const key = `${slideId}/1/original.svs`
  const { size } = await stat(path)
  const copy = join(folder, slideId)
  await copyFile(path, copy)
  const sha256 = await fileSha256(copy)
  await originals.putFile(key, copy)
  const file = { key, bytes: BigInt(size), sha256 }
  return SlideDeidentified.fromPartial({
    slideId,
    revision: 1,
    project: 'default',
    rendition: Rendition.ORIGINAL,
    file,
    format: 'aperio',
    sourceBytes: BigInt(size),
    reportJson: '{}',
  })
}
