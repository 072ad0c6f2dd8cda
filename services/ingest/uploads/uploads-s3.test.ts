/** The same uploads, and copies out of a watched folder, into an S3 store, through tus' own S3 client. */
import { createHash, randomUUID } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openObjects } from '@coverslip/platform/objects/index.ts'
import { rpcAs } from '@coverslip/platform/testing/rpc.ts'
import { s3Missing, startS3 } from '@coverslip/platform/testing/servers.ts'
import { startSystem } from '@coverslip/platform/testing/system.ts'
import { IngestServiceDefinition } from '@coverslip/proto/gen/ingest/v1/ingest.ts'
import { sharedData, sharedSlide } from '@coverslip/wsi/test-data.ts'
import { Upload } from '@tus/server'
import { describe, expect, it } from 'vitest'
import { ingest } from '../module.ts'
import { openUploadStore } from './upload-store.ts'

const UPLOADS = '/api/intake/uploads'
const TUS = { 'tus-resumable': '1.0.0' }
const BYTES = { ...TUS, 'content-type': 'application/offset+octet-stream' }
const missing = s3Missing() ?? (sharedData ? undefined : '../shared/data is missing')

describe.skipIf(missing !== undefined)(`uploads into S3${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it('arrive as objects of our naming, and leave nothing else', async () => {
    const started = await startS3()
    if (!('server' in started)) throw new Error(started.missing)
    const url = started.server.url.replace('bucket?', 'bucket/intake?')
    const scans = await mkdtemp(join(tmpdir(), 'coverslip-scans-'))
    const watching = { WATCH_FOLDERS: `${scans}=watched`, WATCH_SETTLE: '200ms', WATCH_EVERY: '100ms' }
    const environment = { OBJECTS_SOURCE_URL: url, INGEST_FREE_FLOOR: '0', ...watching }
    const system = await startSystem([ingest], { environment })
    const { client, close } = await rpcAs(system, 'intake', 'ingest', IngestServiceDefinition)
    const objects = await openObjects(url)
    try {
      const file = await readFile(sharedSlide('svs/CMU-1-Small-Region.svs'))
      const metadata = `filename ${Buffer.from('DOE.svs').toString('base64')}`
      const headers = { ...TUS, 'upload-length': String(file.length), 'upload-metadata': metadata }
      const begun = await system.fetch(UPLOADS, { method: 'POST', headers })
      const location = begun.headers.get('location')!
      expect(location).toMatch(/^\/api\/intake\/uploads\/[0-9a-f-]{36}$/)
      const part = (from: number, to: number) =>
        system.fetch(location, {
          method: 'PATCH',
          headers: { ...BYTES, 'upload-offset': String(from) },
          body: new Uint8Array(file.subarray(from, to)),
        })
      expect((await part(0, 1_000_000)).status).toBe(204)
      const where = await system.fetch(location, { method: 'HEAD', headers: TUS })
      expect(where.headers.get('upload-offset')).toBe('1000000')
      expect((await part(1_000_000, file.length)).status).toBe(204)

      const slideId = begun.headers.get('coverslip-slide-id')!
      const formatOf = async () => (await client.getIntake({ slideId })).slide?.format
      await expect.poll(formatOf, { timeout: 20_000 }).toBe('aperio')
      const keys = []
      for await (const { key } of objects.list('')) keys.push(key)
      expect(keys).toEqual([`${slideId}/1/source`])
      const stored = await objects.range(keys[0]!, 0, file.length)
      expect(createHash('sha256').update(stored).digest('hex')).toBe(createHash('sha256').update(file).digest('hex'))

      await copyFile(sharedSlide('svs/CMU-1-Small-Region.svs'), join(scans, 'DOE.svs'))
      const taken = async () => (await client.listIntake({ projects: ['watched'], limit: 9, cursor: '' })).slides[0]
      await expect.poll(async () => (await taken())?.format, { timeout: 20_000 }).toBe('aperio')
      const copied = await objects.range(`${(await taken())!.slideId}/1/source`, 0, file.length)
      expect(copied.equals(file)).toBe(true)
    } finally {
      close()
      await system.stop()
      await objects.close()
      await started.server.stop()
      await rm(scans, { recursive: true })
    }
  })

  it('are told to come again while the store is away, and go on where they were', async () => {
    const started = await startS3()
    if (!('server' in started)) throw new Error(started.missing)
    const environment = { OBJECTS_SOURCE_URL: started.server.url, INGEST_FREE_FLOOR: '0' }
    const system = await startSystem([ingest], { environment })
    try {
      const filename = Buffer.from('a.svs').toString('base64')
      const headers = { ...TUS, 'upload-length': '12', 'upload-metadata': `filename ${filename}` }
      const location = (await system.fetch(UPLOADS, { method: 'POST', headers })).headers.get('location')!
      const bring = (bytes: string, offset: number) =>
        system.fetch(location, {
          method: 'PATCH',
          headers: { ...BYTES, 'upload-offset': String(offset) },
          body: new TextEncoder().encode(bytes),
        })
      expect((await bring('first ', 0)).status).toBe(204)
      await started.server.kill()
      expect((await bring('second', 6)).status).toBe(503)
      expect((await system.fetch(UPLOADS, { method: 'POST', headers })).status).toBe(503)
      await started.server.restart()
      expect((await bring('second', 6)).status).toBe(204)
    } finally {
      await system.stop()
      await started.server.stop()
    }
  })

  it('are no uploads any more once they are objects, whatever tus remembers', async () => {
    const started = await startS3()
    if (!('server' in started)) throw new Error(started.missing)
    const objects = await openObjects(started.server.url)
    try {
      const store = await openUploadStore(objects)
      const id = randomUUID()
      await store.datastore.create(new Upload({ id: store.nameOf(id), size: 5, offset: 0 }))
      await store.datastore.write(Readable.from([Buffer.from('bytes')]), store.nameOf(id), 0)
      expect(await store.received(id)).toEqual({ offset: 5, size: 5 })
      await store.moveTo(id, `${id}/1/source`)
      await store.moveTo(id, `${id}/1/source`)
      expect(await store.received(id)).toBeNull()
      expect((await objects.range(`${id}/1/source`, 0, 5)).toString()).toBe('bytes')
    } finally {
      await objects.close()
      await started.server.stop()
    }
  })
})
