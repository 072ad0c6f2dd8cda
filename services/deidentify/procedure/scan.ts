import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { container, type Extent, toucher } from './extents.ts'

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

type Finder = (bytes: Buffer, base: number) => Hit[]

/**
 * Finds patterns of at least two bytes in one pass, by the algorithm of Wu and Manber (1994) with blocks of two bytes: the
 * table says how far no pattern can end, which is almost always the length of the shortest.
 */
export function createFinder(patterns: readonly Pattern[]): Finder {
  const distinct = [...new Map(patterns.map(p => [p.bytes.toString('hex'), p])).values()]
  const reach = Math.min(255, ...distinct.map(({ bytes }) => bytes.length))
  const shift = new Uint8Array(65_536).fill(reach - 1)
  const endingWith = new Map<number, Pattern[]>()
  for (const pattern of distinct) {
    for (let i = 0; i < reach - 1; i++) {
      const block = pattern.bytes.readUInt16BE(i)
      shift[block] = Math.min(shift[block]!, reach - 2 - i)
    }
    const last = pattern.bytes.readUInt16BE(reach - 2)
    endingWith.set(last, [...(endingWith.get(last) ?? []), pattern])
  }
  return (bytes, base) => {
    const hits: Hit[] = []
    for (let end = reach - 1; end < bytes.length; ) {
      const block = (bytes[end - 1]! << 8) | bytes[end]!
      const step = shift[block]!
      if (step === 0) hits.push(...matches(endingWith.get(block) ?? [], bytes, end - reach + 1, base))
      end += Math.max(1, step)
    }
    return hits
  }
}

function matches(patterns: readonly Pattern[], bytes: Buffer, start: number, base: number): Hit[] {
  const fits = ({ bytes: wanted }: Pattern): boolean => {
    const end = start + wanted.length
    return end <= bytes.length && bytes.compare(wanted, 0, wanted.length, start, end) === 0
  }
  return patterns.filter(fits).map(pattern => ({ offset: base + start, pattern }))
}

/** Below this, compressed pixels and numbers contain any text sooner or later. */
const MIN_IN_BINARY = 7

/** Long patterns everywhere, short ones only where a hit means something. */
function createFileFinder(patterns: readonly Pattern[], binary: readonly Extent[]): Finder {
  const none: Finder = () => []
  const finderOf = (group: Pattern[]): Finder => (group.length > 0 ? createFinder(group) : none)
  const findLong = finderOf(patterns.filter(({ bytes }) => bytes.length >= MIN_IN_BINARY))
  const findShort = finderOf(patterns.filter(({ bytes }) => bytes.length < MIN_IN_BINARY))
  const isInside = container(binary)
  const touches = toucher(binary)
  return (bytes, base) => {
    const short = isInside(base, bytes.length) ? [] : findShort(bytes, base)
    const telling = short.filter(({ offset, pattern }) => !touches(offset, pattern.bytes.length))
    return [...findLong(bytes, base), ...telling]
  }
}

/**
 * Reads a file once: its SHA-256 in lower-case hex, and every occurrence of the patterns, also where they cross a block.
 * @param options.binary what is no text: patterns under 7 bytes are not looked for there
 */
export async function scanFile(
  path: string,
  patterns: readonly Pattern[],
  options: { binary?: readonly Extent[]; signal?: AbortSignal | undefined } = {},
): Promise<{ sha256: string; hits: Hit[] }> {
  const { binary = [], signal } = options
  const find = createFileFinder(patterns, binary)
  const overlap = Math.max(0, ...patterns.map(({ bytes }) => bytes.length - 1))
  const hash = createHash('sha256')
  const hits = new Map<string, Hit>()
  let tail: Buffer = Buffer.alloc(0)
  let at = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024, ...(signal ? { signal } : {}) })) {
    hash.update(chunk)
    const block = overlap > 0 ? Buffer.concat([tail, chunk]) : chunk
    for (const hit of find(block, at - tail.length)) hits.set(`${hit.offset}:${hit.pattern.bytes.length}`, hit)
    at += chunk.length
    tail = overlap > 0 ? block.subarray(-overlap) : tail
  }
  return { sha256: hash.digest('hex'), hits: [...hits.values()] }
}
