import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { Ifd } from '@coverslip/wsi/tiff/index.ts'
import { Compression, Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Page, type Patch, type Step, type Taken, take } from '../procedure/draft.ts'
import type { Extent } from '../procedure/extents.ts'
import { toSecret } from '../procedure/secret.ts'
import { freeTextOf } from './jpeg-free-text.ts'

interface Found {
  patches: Patch[]
  secrets: Buffer[]
  streams: number
  bytes: number
}

/** What there is to clear. */
export interface Cleared {
  patches: Patch[]
  taken(place: string): Taken[]
}

/** Where the next stream begins, for those whose stated length runs into it; streams may share an offset. */
export function startsAmong(offsets: readonly number[]): (offset: number) => number {
  const starts = Float64Array.from(offsets).sort()
  return offset => {
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (starts[middle]! < offset) low = middle + 1
      else high = middle
    }
    return starts[low] ?? Number.POSITIVE_INFINITY
  }
}

/** What the streams of one file hold beside their pictures, as zeros to write and as lines of the report. */
export async function clearedStreams(
  source: ByteSource,
  streams: Iterable<Extent>,
  nextStart: (offset: number) => number,
  signal?: AbortSignal,
): Promise<Cleared> {
  const found: Found = { patches: [], secrets: [], streams: 0, bytes: 0 }
  for (const { offset, length } of streams) {
    signal?.throwIfAborted()
    const texts: Extent[] = []
    for (const { tail, ...text } of await freeTextOf((at, n) => source.read(offset + at, n), length)) {
      if (tail) text.length = Math.min(text.length, nextStart(offset + text.offset) - offset - text.offset)
      const payload = await source.read(offset + text.offset, text.length)
      if (payload.every(byte => byte === 0)) continue
      texts.push(text)
      // A tail may be a copy of pixels that are elsewhere, and rightly.
      const secret = tail ? null : toSecret(payload)
      // Every tile may carry the same comment.
      if (secret && found.secrets.length < 100) found.secrets.push(secret)
    }
    if (texts.length > 0) found.streams += 1
    for (const text of texts) {
      found.bytes += text.length
      found.patches.push({ offset: offset + text.offset, zeros: text.length })
    }
  }
  return { patches: found.patches, taken: place => takenFrom(found, place) }
}

function takenFrom({ streams, bytes, secrets }: Found, place: string): Taken[] {
  if (streams === 0) return []
  const name = 'comments and application segments'
  const removed = { place, kind: 'jpeg-segment' as const, name, length: bytes, count: streams }
  return [{ removed }, ...secrets.map(secret => ({ secret }))]
}

/** Each stream once: writers let all empty tiles share one. */
function* tilesOf({ image }: Page): Generator<Extent> {
  const seen = new Map<number, number>()
  for (const [i, length] of image.counts.entries()) {
    const offset = image.offsets[i]!
    if (length === 0 || seen.get(offset) === length) continue
    seen.set(offset, length)
    yield { offset, length }
  }
}

function tablesOf(ifd: Ifd): Extent[] {
  const entry = ifd.entry(Tag.JPEGTables)
  return entry && !entry.inline ? [{ offset: entry.valueOffset, length: entry.byteLength }] : []
}

/**
 * Comments and application segments (EXIF, XMP) inside the JPEG streams of tiles and tables, and what follows the end of a
 * stream, are filled with zeros; the picture, which none of these touches, stays bit for bit.
 */
export const clearJpegComments: Step = async (draft, signal) => {
  const patches: Patch[] = []
  const taken: Taken[] = []
  const nextStart = startsAmong(draft.pages.flatMap(({ image }) => [...image.offsets]))
  for (const page of draft.pages) {
    if (page.image.compression !== Compression.Jpeg) continue
    for (const [what, streams] of [
      ['tiles', tilesOf(page)],
      ['JPEGTables', tablesOf(page.ifd)],
    ] as const) {
      const found = await clearedStreams(draft.source, streams, nextStart, signal)
      patches.push(...found.patches)
      taken.push(...found.taken(`IFD ${page.ifd.index}, ${what}`))
    }
  }
  return take({ ...draft, patches: [...draft.patches, ...patches] }, taken)
}
