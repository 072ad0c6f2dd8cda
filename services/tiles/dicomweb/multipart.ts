/** Answers of several parts (PS3.18, 8.7; RFC 2387), written as their parts come. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Parts that are read ahead of the one that is being sent. */
const AHEAD = 8

/**
 * Writes parts in order; each is begun when the one `AHEAD` before it is out. Ends early when the reader leaves.
 * @param type the media type of each part
 */
export async function writeParts(
  res: Writable,
  given: { boundary: string; type: string; count: number; part(index: number): Promise<Buffer> },
): Promise<void> {
  const { boundary, type, count, part } = given
  const underway: Promise<Buffer>[] = []
  const begin = (index: number): void => {
    if (index >= count) return
    const begun = part(index)
    // Awaited in its turn; until then a failure must not count as nobody's.
    begun.catch(() => {})
    underway.push(begun)
  }
  for (let index = 0; index < AHEAD; index += 1) begin(index)
  for (let index = 0; index < count && !res.destroyed; index += 1) {
    const bytes = await underway.shift()!
    begin(index + AHEAD)
    res.write(`--${boundary}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n\r\n`)
    res.write(bytes)
    if (!res.write('\r\n') && !res.destroyed) await Promise.race([once(res, 'drain'), once(res, 'close')])
  }
  if (!res.destroyed) res.end(`--${boundary}--\r\n`)
}
