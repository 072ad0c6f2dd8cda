import { Readable } from 'node:stream'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { s3Missing, startS3, type TestServer } from '../testing/servers.ts'
import { objectsContract } from './contract.ts'
import { openObjects } from './index.ts'
import { clientOf, locationOf } from './s3-client.ts'
import { abortUploads } from './s3-uploads.ts'

const missing = s3Missing()

describe.skipIf(missing)(`S3${missing ? ` (${missing})` : ''}`, () => {
  let server: TestServer
  beforeAll(async () => {
    const started = await startS3()
    if ('missing' in started) throw new Error(started.missing)
    server = started.server
  })
  afterAll(() => server?.stop())
  const urlOf = (bucket: string, prefix = ''): string => server.url.replace('bucket?', `${bucket}${prefix}?`)

  objectsContract(() => openObjects(urlOf('contract', '/a/prefix')))

  test('several processes may make the bucket at once', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openObjects(urlOf('made-at-once'))))
    await Promise.all(opened.map(objects => objects.ready()))
  })

  test('two prefixes of one bucket do not see each other', async () => {
    const [one, two] = await Promise.all([openObjects(urlOf('shared', '/one')), openObjects(urlOf('shared', '/two'))])
    await one.put('slide/1/a', Buffer.from('x'))
    expect(await two.head('slide/1/a')).toBeUndefined()
    await two.deletePrefix('slide/')
    expect(await one.head('slide/1/a')).toEqual({ key: 'slide/1/a', size: 1 })
  })

  test('aborts unfinished uploads: all under a deleted prefix, elsewhere those that are old', async () => {
    const url = urlOf('unfinished', '/p')
    const objects = await openObjects(url)
    const location = locationOf(url)
    const client = clientOf(location)
    const Bucket = location.bucket
    const begin = async (Key: string): Promise<void> => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      await client.send(
        new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: Buffer.alloc(6 * 2 ** 20) }),
      )
    }
    const pending = async (): Promise<(string | undefined)[]> => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
      return Uploads.map(({ Key }) => Key).sort()
    }
    for (const key of ['p/slide/1/a', 'p/other/1/a', 'elsewhere/a']) await begin(key)
    await objects.deletePrefix('slide/')
    expect(await pending()).toEqual(['elsewhere/a', 'p/other/1/a'])
    await (await openObjects(url)).close()
    expect(await pending()).toEqual(['elsewhere/a', 'p/other/1/a'])
    await begin('p/mine/1/a')
    await objects.discardUnfinished('mine/1/a')
    expect(await pending()).toEqual(['elsewhere/a', 'p/other/1/a'])
    await abortUploads(client, Bucket, location.prefix, 0)
    expect(await pending()).toEqual(['elsewhere/a'])
    client.destroy()
  })

  test('neither a stream that breaks nor a lost race leaves an unfinished upload', async () => {
    const url = urlOf('broken')
    const objects = await openObjects(url)
    async function* breaking(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 40; i += 1) yield Buffer.alloc(2 ** 20)
      throw new Error('the scanner is gone')
    }
    await expect(objects.put('slide/1/a', Readable.from(breaking()))).rejects.toThrow('the scanner is gone')
    const large = (): Promise<unknown> => objects.put('slide/1/b', Buffer.alloc(18 * 2 ** 20))
    const results = await Promise.allSettled([large(), large(), large()])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    const client = clientOf(locationOf(url))
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: 'broken' }))
    expect(Uploads).toEqual([])
    client.destroy()
  })

  test('a server that is away is a retryable error, and works again when it is back', async () => {
    const objects = await openObjects(urlOf('restarted'))
    await objects.put('slide/1/a', Buffer.from('kept'))
    await server.kill()
    await expect(objects.ready()).rejects.toMatchObject({ code: 'unavailable', retryable: true })
    await expect(objects.range('slide/1/a', 0, 4)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(objects.put('slide/1/b', Buffer.from('x'))).rejects.toMatchObject({ code: 'unavailable' })
    await server.restart()
    await vi.waitFor(() => objects.ready(), 15_000)
    expect((await objects.range('slide/1/a', 0, 4)).toString()).toBe('kept')
  })
})

test('reads bucket, prefix, endpoint, region and credentials from the URL', () => {
  expect(locationOf('s3://key:se%2Fcret@bucket/a/b/?endpoint=https://s3.example.org&region=eu-1')).toEqual({
    scheme: 's3',
    bucket: 'bucket',
    prefix: 'a/b/',
    client: {
      endpoint: 'https://s3.example.org',
      region: 'eu-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'key', secretAccessKey: 'se/cret' },
    },
  })
  expect(locationOf('s3://bucket').client).toEqual({ region: 'us-east-1', forcePathStyle: false })
})
