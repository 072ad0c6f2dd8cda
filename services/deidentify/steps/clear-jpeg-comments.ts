import type { ByteSource } from '@coverslip/wsi/slide.ts'
import type { Ifd } from '@coverslip/wsi/tiff/index.ts'
import { Compression, Tag } from '@coverslip/wsi/tiff/tags.ts'
import { type Page, type Patch, type Step, type Taken, take } from '../draft.ts'
import type { Extent } from '../extents.ts'
import { toSecret } from '../secret.ts'

const COM = 0xfe
const APP0 = 0xe0
const APP14 = 0xee
const SOS = 0xda
const EOI = 0xd9
/** Most tiles reach their picture within this; longer headers are read on. */
const HEAD = 512

/** JFIF's and Adobe's segments say how colours are coded; the other application segments, and comments, are free text. */
const isFreeText = (marker: number): boolean => marker === COM || (marker > APP0 && marker <= 0xef && marker !== APP14)

/**
 * The payloads of free-text segments before the picture, relative to the stream. A damaged stream ends the search: its
 * picture cannot be decoded either, which shows later.
 */
export async function freeTextSegments(
  read: (at: number, length: number) => Promise<Buffer>,
  size: number,
): Promise<Extent[]> {
  const found: Extent[] = []
  let start = 0
  let window = await read(0, Math.min(HEAD, size))
  for (let at = 2; at + 4 <= size; ) {
    if (at + 4 > start + window.length) {
      start = at
      window = await read(at, Math.min(HEAD, size - at))
    }
    if (window[at - start] !== 0xff) return found
    const marker = window[at - start + 1]!
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === SOS || marker === EOI) return found
    const length = window.readUInt16BE(at - start + 2)
    if (length < 2 || at + 2 + length > size) return found
    if (isFreeText(marker) && length > 2) found.push({ offset: at + 4, length: length - 2 })
    at += 2 + length
  }
  return found
}

interface Found {
  patches: Patch[]
  secrets: Buffer[]
  streams: number
  bytes: number
}

async function search(source: ByteSource, streams: Iterable<Extent>, signal?: AbortSignal): Promise<Found> {
  const found: Found = { patches: [], secrets: [], streams: 0, bytes: 0 }
  for (const { offset, length } of streams) {
    signal?.throwIfAborted()
    const segments = await freeTextSegments((at, n) => source.read(offset + at, n), length)
    const texts = []
    for (const segment of segments) {
      const payload = await source.read(offset + segment.offset, segment.length)
      if (payload.every(byte => byte === 0)) continue
      texts.push(segment)
      const secret = toSecret(payload)
      // Every tile may carry the same comment.
      if (secret && found.secrets.length < 100) found.secrets.push(secret)
    }
    if (texts.length > 0) found.streams += 1
    for (const text of texts) {
      found.bytes += text.length
      found.patches.push({ offset: offset + text.offset, zeros: text.length })
    }
  }
  return found
}

function* tilesOf({ image }: Page): Generator<Extent> {
  for (const [i, length] of image.counts.entries()) {
    if (length > 0) yield { offset: image.offsets[i]!, length }
  }
}

function tablesOf(ifd: Ifd): Extent[] {
  const entry = ifd.entry(Tag.JPEGTables)
  return entry && !entry.inline ? [{ offset: entry.valueOffset, length: entry.byteLength }] : []
}

/**
 * Comments and application segments (EXIF, XMP) inside the JPEG streams of tiles and tables are filled with zeros; the
 * picture, which no segment of these touches, stays bit for bit.
 */
export const clearJpegComments: Step = async (draft, signal) => {
  const patches: Patch[] = []
  const taken: Taken[] = []
  for (const page of draft.pages) {
    if (page.image.compression !== Compression.Jpeg) continue
    for (const [what, streams] of [
      ['tiles', tilesOf(page)],
      ['JPEGTables', tablesOf(page.ifd)],
    ] as const) {
      const found = await search(draft.source, streams, signal)
      if (found.streams === 0) continue
      patches.push(...found.patches)
      const place = `IFD ${page.ifd.index}, ${what}`
      const name = 'comments and application segments'
      taken.push({ removed: { place, kind: 'jpeg-segment', name, length: found.bytes, count: found.streams } })
      taken.push(...found.secrets.map(secret => ({ secret })))
    }
  }
  return take({ ...draft, patches: [...draft.patches, ...patches] }, taken)
}
