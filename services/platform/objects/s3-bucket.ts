import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { ServiceError } from '../errors.ts'
import { asking } from './s3-client.ts'

/** How long the start waits for a server that starts at the same time as this process. */
const START_MS = 30_000

/** Makes sure that the bucket exists; makes it when it is missing and the credentials allow that. */
export async function prepareBucket(client: S3Client, Bucket: string): Promise<void> {
  const deadline = Date.now() + START_MS
  for (;;) {
    try {
      return await ensure(client, Bucket)
    } catch (error) {
      const passes = error instanceof ServiceError && error.retryable
      if (!passes || Date.now() > deadline) throw error
      await sleep(500)
    }
  }
}

async function ensure(client: S3Client, Bucket: string): Promise<void> {
  try {
    await asking(client.send(new HeadBucketCommand({ Bucket })))
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'not-found') throw error
    await asking(client.send(new CreateBucketCommand({ Bucket }))).catch((failure: Error) => {
      // Another process was faster.
      if (!/^BucketAlready/.test(failure.name)) throw failure
    })
  }
}
