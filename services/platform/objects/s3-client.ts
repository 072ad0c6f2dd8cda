import { S3Client } from '@aws-sdk/client-s3'
import { ServiceError } from '../errors.ts'
import { exists, notFound, pastEnd } from './keys.ts'
import type { Objects } from './port.ts'

export type S3Location = Extract<Objects['location'], { scheme: 's3' }>

/** `s3://key:secret@bucket/prefix?endpoint=https://…&region=…`; without key and secret the SDK's chain finds them. */
export function locationOf(url: string): S3Location {
  const parsed = new URL(url)
  const endpoint = parsed.searchParams.get('endpoint') ?? undefined
  const folder = parsed.pathname.replace(/^\/+|\/+$/g, '')
  const [accessKeyId, secretAccessKey] = [parsed.username, parsed.password].map(decodeURIComponent) as [string, string]
  return {
    scheme: 's3',
    bucket: parsed.hostname,
    prefix: folder === '' ? '' : `${folder}/`,
    client: {
      region: parsed.searchParams.get('region') ?? 'us-east-1',
      // Servers other than AWS rarely have a host name per bucket.
      forcePathStyle: endpoint !== undefined,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId === '' ? {} : { credentials: { accessKeyId, secretAccessKey } }),
    },
  }
}

export function clientOf(location: S3Location): S3Client {
  return new S3Client({
    ...location.client,
    // Checksums that many servers do not know; TLS and the length guard the transfer.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 3000, socketTimeout: 30_000, httpAgent: AGENT, httpsAgent: AGENT },
  })
}

const AGENT = { keepAlive: true, maxSockets: 128 }

interface AwsError {
  name?: string
  code?: string
  $metadata?: { httpStatusCode?: number }
}

/** What an error of the SDK means to the port; others pass as they are. */
export function translate(error: unknown): unknown {
  const { name = '', code = '', $metadata } = error as AwsError
  const status = $metadata?.httpStatusCode
  if (error instanceof ServiceError || name === 'AbortError') return error
  if (name === 'NoSuchKey' || name === 'NotFound') return notFound(error)
  if (status === 412 || name === 'PreconditionFailed' || name === 'ConditionalRequestConflict') return exists(error)
  if (status === 416 || name === 'InvalidRange') return pastEnd(error)
  if (status === 507 || /Quota|StorageFull/.test(name)) {
    return new ServiceError('storage-full', 'The storage is full; free some space and try again', { cause: error })
  }
  const away = (status !== undefined && status >= 500) || name === 'TimeoutError' || name === 'SlowDown'
  if (away || /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/.test(code)) {
    return new ServiceError('unavailable', 'The object store is not reachable right now', { cause: error })
  }
  return error
}

/** Runs a request and translates what it throws. */
export async function asking<Result>(request: Promise<Result>): Promise<Result> {
  try {
    return await request
  } catch (error) {
    throw translate(error)
  }
}
