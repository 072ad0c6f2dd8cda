import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

/** SHA-256 of a stream's bytes in lower-case hex. */
export async function streamSha256(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
