/** For tests of this service: its real deps, and uploads as tus leaves them. */
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openTestDeps, type TestDeps } from '@coverslip/platform/testing/deps.ts'
import { config } from './config.ts'
import { keyedHash } from './keyed-hash.ts'
import { migrations } from './migrations/index.ts'
import type { Arriving, IngestDeps, Subjects } from './module-deps.ts'
import { beginUpload, finishUpload } from './uploads/registration.ts'
import { openUploadStore, type UploadStore } from './uploads/upload-store.ts'

export interface UploadedFile {
  /** As the uploader names it. */
  path: string
  /** On this disk. */
  from: string
}

export interface TestIngest {
  test: TestDeps<IngestDeps>
  store: UploadStore
  arriving: Arriving
  /** Uploads files, up to the note that all bytes are there. @returns the slide's id */
  upload(files: UploadedFile[], finish?: boolean): Promise<string>
}

/** Lets every slide go on; subjects itself is asked in services/all. */
export const admitAll: Subjects = {
  admit: async () => ({
    admitted: true,
    heldBy: [],
    pseudonyms: undefined,
    material: undefined,
    researchNumber: 'R-1',
  }),
  findBySourceName: async () => ({ slideId: '', ledger: false }),
}

export async function openTestIngest(
  environment: Record<string, string>,
  subjects: Subjects = admitAll,
): Promise<TestIngest> {
  const test = await openTestDeps<IngestDeps>({ name: 'ingest', config, migrations, environment })
  const store = await openUploadStore(test.deps.objects.source)
  const uploads = join(test.data, 'source/.uploads')
  await mkdir(uploads, { recursive: true })
  const hash = keyedHash('a key of tests, of 32 characters')
  return {
    test,
    store,
    arriving: { deps: test.deps, store, hash, subjects },
    async upload(files, finish = true) {
      const set = randomUUID()
      let slideId = ''
      for (const { path, from } of files) {
        const uploadId = randomUUID()
        const metadata = {
          filename: path,
          project: 'default',
          set: files.length > 1 ? { id: set, path, size: files.length } : null,
        }
        slideId = await test.deps.db.transaction(trx =>
          beginUpload(trx, { uploadId, uploader: 'u1', metadata, size: null, traceparent: null }),
        )
        await copyFile(from, join(uploads, uploadId))
        await writeFile(join(uploads, `${uploadId}.json`), '{}')
        if (finish) await test.deps.db.transaction(trx => finishUpload(trx, uploadId, 1))
      }
      return slideId
    },
  }
}
