import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { ServiceError } from '../errors.ts'
import { asking } from './s3-client.ts'

/**
 * Aborts unfinished uploads under the prefix that began longer ago than `olderThanMs`: a process that died leaves them, a
 * bucket shows them nowhere, and they cost their full size.
 */
export async function abortUploads(
  client: S3Client,
  Bucket: string,
  Prefix: string,
  olderThanMs: number,
): Promise<void> {
  const before = Date.now() - olderThanMs
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await asking(
      client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...marker })),
    )
    for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
      // Some servers list without regard to the prefix.
      if (!Key.startsWith(Prefix) || (Initiated?.getTime() ?? 0) > before) continue
      await asking(client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))).catch(goneIsFine)
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
    const next = {
      ...(NextKeyMarker && { KeyMarker: NextKeyMarker }),
      ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }),
    }
    marker = IsTruncated && NextKeyMarker ? next : undefined
  }
}

function goneIsFine(error: unknown): void {
  const { name, code } = error as { name?: string; code?: string }
  if (name !== 'NoSuchUpload' && !(error instanceof ServiceError && code === 'not-found')) throw error
}
