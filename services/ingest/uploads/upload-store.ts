import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ServiceError, toServiceError } from '@coverslip/platform/errors.ts'
import type { Objects } from '@coverslip/platform/objects/port.ts'
import { FileStore } from '@tus/file-store'
import type { DataStore } from '@tus/server'

/** Where the bytes of unfinished uploads lie, inside the source store, and how they become an object. */
export interface UploadStore {
  /** For tus. */
  datastore: DataStore
  /** tus' name of an upload: an id, or in S3 its whole key. */
  nameOf(uploadId: string): string
  uploadIdOf(name: string): string
  /** Bytes received so far, null when there is no such upload. */
  received(uploadId: string): Promise<{ offset: number; size: number | null } | null>
  /** Makes an object of a finished upload. Doing it again, after a crash for one, is harmless. */
  moveTo(uploadId: string, key: string): Promise<void>
  /** The bytes of a finished upload as a local file; `release` removes what was downloaded. */
  local(uploadId: string, scratch: string): Promise<{ path: string; release(): Promise<void> }>
  /** Uploads that there are bytes of. */
  list(): Promise<Set<string>>
  /** Removes the bytes of an upload, finished or not; no error when there are none. */
  remove(uploadId: string): Promise<void>
  /** What an error of `datastore` means. */
  failure(error: Error): ServiceError
}

/** Keys of slides begin with a UUID, so that nothing else can have this prefix. */
const FOLDER = '.uploads'

/** @throws Error for a store that keeps nothing */
export async function openUploadStore(objects: Objects): Promise<UploadStore> {
  const { location } = objects
  if (location.scheme === 'none') throw new Error('uploads need a store that keeps them')
  return location.scheme === 'file' ? fileStore(objects, location.directory) : s3Store(objects, location)
}

/** Both kinds of store keep `.uploads/<id>` and something beside it. */
async function uploadsIn(objects: Objects): Promise<Set<string>> {
  const ids = new Set<string>()
  for await (const { key } of objects.list(`${FOLDER}/`)) ids.add(key.slice(FOLDER.length + 1).slice(0, 36))
  return ids
}

const received = (datastore: DataStore, name: string) =>
  datastore.getUpload(name).then(
    upload => ({ offset: upload.offset, size: upload.size ?? null }),
    () => null,
  )

function fileStore(objects: Objects, root: string): UploadStore {
  const directory = join(root, FOLDER)
  const datastore = new FileStore({ directory })
  const removeFiles = async (uploadId: string): Promise<void> => {
    for (const suffix of ['', '.json']) await rm(join(directory, `${uploadId}${suffix}`), { force: true })
  }
  return {
    datastore,
    nameOf: id => id,
    uploadIdOf: name => name,
    received: id => received(datastore, id),
    async moveTo(uploadId, key) {
      if (!(await objects.head(key))) await objects.putFile(key, join(directory, uploadId))
      await removeFiles(uploadId)
    },
    local: (id, scratch) => objects.localFile(`${FOLDER}/${id}`, scratch),
    list: () => uploadsIn(objects),
    remove: removeFiles,
    failure: toServiceError,
  }
}

type S3Location = Extract<Objects['location'], { scheme: 's3' }>

async function s3Store(objects: Objects, location: S3Location): Promise<UploadStore> {
  const { S3Store } = await import('@tus/s3-store')
  const { translate } = await import('@coverslip/platform/objects/s3-client.ts')
  const { bucket, client } = location
  // As the S3 adapter does: checksums that many servers do not know.
  const checksums = {
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const
  const datastore = new S3Store({ useTags: false, s3ClientConfig: { bucket, ...client, ...checksums } })
  const prefix = `${location.prefix}${FOLDER}/`
  return {
    datastore,
    nameOf: id => `${prefix}${id}`,
    uploadIdOf: name => name.slice(prefix.length),
    // tus remembers uploads, also after their bytes have gone.
    received: async id => ((await objects.head(`${FOLDER}/${id}.info`)) ? received(datastore, `${prefix}${id}`) : null),
    async moveTo(uploadId, key) {
      if (!(await objects.head(key))) await objects.put(key, await objects.stream(`${FOLDER}/${uploadId}`))
      await objects.deletePrefix(`${FOLDER}/${uploadId}`)
    },
    local: (id, scratch) => objects.localFile(`${FOLDER}/${id}`, scratch),
    list: () => uploadsIn(objects),
    remove: uploadId => objects.deletePrefix(`${FOLDER}/${uploadId}`),
    failure: error => toServiceError(translate(error)),
  }
}
