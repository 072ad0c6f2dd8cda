import type { Readable } from 'node:stream'
import { ServiceError } from '../errors.ts'

/**
 * The bytes of a request's body.
 * @param tooLarge what is said of a body of more than `most` bytes
 * @throws ServiceError `too-large`
 */
export async function readBytes(stream: Readable, most: number, tooLarge: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) break
    chunks.push(chunk)
  }
  if (size <= most) return Buffer.concat(chunks)
  // A body that was begun and given up is read to its end: the next request on its connection waits behind it. Not
  // while the loop listens: a stream that is read by its iterator does not flow.
  stream.resume()
  throw new ServiceError('too-large', tooLarge)
}
