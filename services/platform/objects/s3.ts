import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { ServiceError } from '../errors.ts'
import { checkDeletable, checkKey, checkPrefix, checkRange, exists, notFound, pastEnd } from './keys.ts'
import type { ObjectInfo, Objects } from './port.ts'
import { prepareBucket } from './s3-bucket.ts'
import { asking, clientOf, locationOf } from './s3-client.ts'
import { download } from './s3-download.ts'
import { abortUploads } from './s3-uploads.ts'

/** Of a stream, whose size is unknown: 10,000 parts are 160 GB. */
const PART_BYTES = 16 * 2 ** 20
const MAX_PARTS = 10_000
const ABANDONED_MS = 24 * 3_600_000

/**
 * Objects in a bucket of any S3 server that knows conditional writes. The bucket is made when it is missing. See
 * locationOf for the URL. @throws ServiceError `unavailable` when the server is away for 30 s.
 */
export async function openS3(url: string): Promise<Objects> {
  const location = locationOf(url)
  const { bucket: Bucket, prefix: root } = location
  const client = clientOf(location)
  await prepareBucket(client, Bucket)
  await abortUploads(client, Bucket, root, ABANDONED_MS)
  const at = (key: string): { Bucket: string; Key: string } => {
    checkKey(key)
    return { Bucket, Key: root + key }
  }

  async function head(key: string): Promise<ObjectInfo | undefined> {
    try {
      const { ContentLength = 0 } = await asking(client.send(new HeadObjectCommand(at(key))))
      return { key, size: ContentLength }
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'not-found') return undefined
      throw error
    }
  }

  async function put(key: string, body: Buffer | Readable, partSize = PART_BYTES): Promise<ObjectInfo> {
    const params = { ...at(key), Body: body, IfNoneMatch: '*' }
    // The condition is checked at the very end; a large body should not travel for nothing.
    if (await head(key)) throw exists()
    await asking(new Upload({ client, partSize, queueSize: 4, params }).done())
    return (await head(key)) ?? Promise.reject(notFound())
  }

  async function range(key: string, offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    checkRange(offset, length)
    if (length === 0) return emptyRange(await head(key), offset)
    const command = new GetObjectCommand({ ...at(key), Range: `bytes=${offset}-${offset + length - 1}` })
    const bytes = await asking(
      client
        .send(command, signal === undefined ? {} : { abortSignal: signal })
        .then(({ Body }) => Body?.transformToByteArray() ?? new Uint8Array()),
    )
    if (bytes.length !== length) throw pastEnd()
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  async function stream(key: string, part?: { offset: number; length: number }): Promise<Readable> {
    if (part !== undefined) checkRange(part.offset, part.length)
    const size = (await head(key))?.size
    if (size === undefined) throw notFound()
    const { offset, length } = part ?? { offset: 0, length: size }
    if (length === 0 || offset >= size) return Readable.from([])
    const Range = `bytes=${offset}-${Math.min(size, offset + length) - 1}`
    const { Body } = await asking(client.send(new GetObjectCommand({ ...at(key), Range })))
    return Body as Readable
  }

  async function* list(prefix: string): AsyncGenerator<ObjectInfo> {
    const pages = paginateListObjectsV2({ client }, { Bucket, Prefix: root + prefix })
    while (true) {
      const { value: page, done } = await asking(pages.next())
      if (done) return
      for (const { Key = '', Size = 0 } of page.Contents ?? []) yield { key: Key.slice(root.length), size: Size }
    }
  }

  async function deleteAll(keys: string[]): Promise<void> {
    if (keys.length === 0) return
    const Objects = keys.map(key => ({ Key: root + key }))
    const { Errors } = await asking(client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })))
    if (Errors?.length) throw new ServiceError('unavailable', 'Some objects could not be deleted')
  }

  return {
    location,
    head,
    range,
    stream,
    put: (key, body) => put(key, body),
    async putFile(key, path) {
      const { size } = await stat(path)
      const info = await put(key, createReadStream(path), Math.max(PART_BYTES, Math.ceil(size / MAX_PARTS)))
      await rm(path)
      return info
    },
    async localFile(key, scratch, signal) {
      const info = await head(key)
      if (info === undefined) throw notFound()
      return download(info, range, scratch, signal)
    },
    list(prefix) {
      checkPrefix(prefix)
      return list(prefix)
    },
    async deletePrefix(prefix) {
      checkDeletable(prefix)
      // First, so that none of them becomes an object behind the deletion.
      await abortUploads(client, Bucket, root + prefix, 0)
      let keys: string[] = []
      for await (const { key } of list(prefix)) {
        keys.push(key)
        if (keys.length === 1000) {
          await deleteAll(keys)
          keys = []
        }
      }
      await deleteAll(keys)
    },
    async discardUnfinished(key) {
      await abortUploads(client, Bucket, at(key).Key, 0)
    },
    freeBytes: async () => undefined,
    async ready() {
      await asking(client.send(new HeadBucketCommand({ Bucket })))
    },
    close: async () => client.destroy(),
  }
}

function emptyRange(info: ObjectInfo | undefined, offset: number): Buffer {
  if (info === undefined) throw notFound()
  if (offset > info.size) throw pastEnd()
  return Buffer.alloc(0)
}
