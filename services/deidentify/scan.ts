import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** A byte sequence to look for. */
export interface Pattern {
  bytes: Buffer
  /** How it is written: `ascii` (Latin-1) or UTF-16 in either byte order. */
  encoding: 'ascii' | 'utf-16le' | 'utf-16be'
}

/** Where a pattern occurs. */
export interface Hit {
  offset: number
  pattern: Pattern
}

/** A text in the encodings that slide files use. */
export function patternsOf(secret: Buffer): Pattern[] {
  const wide = Buffer.from(secret.toString('latin1'), 'utf16le')
  return [
    { bytes: secret, encoding: 'ascii' },
    { bytes: wide, encoding: 'utf-16le' },
    { bytes: Buffer.from(wide).swap16(), encoding: 'utf-16be' },
  ]
}

/**
 * Finds patterns of at least two bytes in one pass: a table by their first two bytes passes over almost every position.
 */
export function createFinder(patterns: readonly Pattern[]): (bytes: Buffer, base: number) => Hit[] {
  const table = new Uint8Array(65_536)
  const byStart = new Map<number, Pattern[]>()
  for (const pattern of new Map(patterns.map(p => [p.bytes.toString('hex'), p])).values()) {
    const start = pattern.bytes.readUInt16BE(0)
    table[start] = 1
    byStart.set(start, [...(byStart.get(start) ?? []), pattern])
  }
  return (bytes, base) => {
    const hits: Hit[] = []
    let window = bytes[0] ?? 0
    for (let i = 1; i < bytes.length; i++) {
      window = ((window << 8) | bytes[i]!) & 0xffff
      if (table[window] === 0) continue
      for (const pattern of byStart.get(window)!) {
        const end = i - 1 + pattern.bytes.length
        if (end <= bytes.length && bytes.compare(pattern.bytes, 0, pattern.bytes.length, i - 1, end) === 0) {
          hits.push({ offset: base + i - 1, pattern })
        }
      }
    }
    return hits
  }
}

/**
 * Reads a file once: its SHA-256 in lower-case hex, and every occurrence of the patterns, also where they cross a block.
 */
export async function scanFile(
  path: string,
  patterns: readonly Pattern[],
  signal?: AbortSignal,
): Promise<{ sha256: string; hits: Hit[] }> {
  const find = createFinder(patterns)
  const overlap = Math.max(0, ...patterns.map(({ bytes }) => bytes.length - 1))
  const hash = createHash('sha256')
  const hits = new Map<string, Hit>()
  let tail: Buffer = Buffer.alloc(0)
  let at = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, ...(signal ? { signal } : {}) })) {
    hash.update(chunk)
    const block = Buffer.concat([tail, chunk])
    for (const hit of patterns.length > 0 ? find(block, at - tail.length) : []) {
      hits.set(`${hit.offset}:${hit.pattern.bytes.length}`, hit)
    }
    at += chunk.length
    tail = overlap > 0 ? block.subarray(-overlap) : Buffer.alloc(0)
  }
  return { sha256: hash.digest('hex'), hits: [...hits.values()] }
}
