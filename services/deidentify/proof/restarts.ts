/** Levels of NDPI taken apart into their restart segments, of which a redaction changes some: all others must be the same. */
import type { Rectangle } from '../files.ts'
import { countOther, type Pair } from './blanked.ts'
import { type Bytes, openBytes } from './bytes.ts'
import { comparePixels } from './compare.ts'
import type { Layout, LevelLayout, Segment } from './layout.ts'
import { hashTiles } from './pixels.ts'

/** Where segments begin, relative to the stream: low words and, for large files, high ones. */
const [LOW, HIGH] = ['tag 65426', 'tag 65432']
const MAX_HEADER = 256 * 1024

/** A level whose segments are its tiles, and what of its stream is none of them: header and what follows the end. */
interface Apart {
  level: LevelLayout
  rest: Segment[]
}

function startsOf({ same }: LevelLayout): number[] {
  const [low, high] = [same.get(LOW), same.get(HIGH)]
  if (!low) return []
  return Array.from({ length: Math.floor(low.length / 4) }, (_, i) => {
    const upper = high && high.length >= (i + 1) * 4 ? high.readUInt32LE(i * 4) : 0
    return low.readUInt32LE(i * 4) + upper * 2 ** 32
  })
}

/** Pixels of a segment by the stream's frame header and restart interval; null where it has none. */
function sizeOfSegment(header: Buffer): { width: number; height: number } | null {
  let unit = { width: 0, height: 0 }
  let interval = 0
  for (let at = 2; at + 4 <= header.length; at += 2 + header.readUInt16BE(at + 2)) {
    const marker = header[at + 1]!
    if (marker === 0xdd) interval = header.readUInt16BE(at + 4)
    if (marker !== 0xc0 && marker !== 0xc1) continue
    const factors = Array.from({ length: header[at + 9]! }, (_, i) => header[at + 11 + i * 3] ?? 0)
    const [h, v] = [Math.max(...factors.map(f => f >> 4)), Math.max(...factors.map(f => f & 15))]
    unit = factors.length === 1 ? { width: 8, height: 8 } : { width: h * 8, height: v * 8 }
  }
  return interval > 0 && unit.width > 0 ? { width: interval * unit.width, height: unit.height } : null
}

/** Behind the marker that ends a segment. */
function endOf(segment: Buffer): number {
  let at = segment.indexOf(0xff)
  while (at >= 0 && (segment[at + 1] === 0 || segment[at + 1] === 0xff)) {
    at = segment.indexOf(0xff, at + (segment[at + 1] === 0 ? 2 : 1))
  }
  return at < 0 ? segment.length : Math.min(segment.length, at + 2)
}

async function apart(bytes: Bytes, level: LevelLayout): Promise<Apart | null> {
  const starts = startsOf(level)
  const [strip, ...others] = level.segments
  const [first] = starts
  if (!strip || others.length > 0 || !first || first > Math.min(MAX_HEADER, strip.length)) return null
  const tile = sizeOfSegment(await bytes.read(strip.offset, first))
  if (!tile || Math.ceil(level.width / tile.width) * Math.ceil(level.height / tile.height) !== starts.length)
    return null
  const segments = starts.map((start, i): Segment => {
    const end = starts[i + 1] ?? strip.length
    return { file: strip.file, offset: strip.offset + start, length: end - start }
  })
  if (segments.some(({ length }) => length < 3)) return null
  const last = segments.at(-1)!
  const end = endOf(await bytes.read(last.offset, last.length))
  const tail = { file: strip.file, offset: last.offset + end, length: last.length - end }
  const header = { file: strip.file, offset: strip.offset, length: first }
  const cut = [...segments.slice(0, -1), { ...last, length: end }]
  // Not one byte of a segment is a note.
  return { level: { ...level, tile, coding: 'raw', segments: cut }, rest: tail.length > 0 ? [header, tail] : [header] }
}

async function takeApart(layout: Layout): Promise<{ layout: Layout; rest: Segment[][] }> {
  const bytes = await openBytes(layout.files[0]!.path)
  try {
    const found: Apart[] = []
    for (const level of layout.levels) found.push((await apart(bytes, level)) ?? { level, rest: [] })
    return { layout: { ...layout, levels: found.map(({ level }) => level) }, rest: found.map(({ rest }) => rest) }
  } finally {
    await bytes.close()
  }
}

/**
 * Compares the levels of a redacted NDPI segment by segment.
 * @returns as `comparePixels`; tiles are restart segments, where the level has such
 */
export async function compareSegments(
  sourceLayout: Layout,
  resultLayout: Layout,
  marked: readonly Rectangle[],
  signal?: AbortSignal,
): ReturnType<typeof comparePixels> {
  const [source, result] = [await takeApart(sourceLayout), await takeApart(resultLayout)]
  const hashed = async ({ layout }: typeof source) => ({
    layout,
    tiles: await hashTiles(layout, { clean: false, signal }),
  })
  const compared = await comparePixels(await hashed(source), await hashed(result), marked)
  const pairs = result.rest.flat().map((after, i): Pair | null => {
    const before = source.rest.flat()[i]
    return before ? { coding: 'jpeg', before, after } : null
  })
  const whole = pairs.filter(pair => pair !== null)
  const same = pairs.length === source.rest.flat().length && whole.length === pairs.length
  const others = same ? await countOther(source.layout, result.layout, whole) : 1
  return others > 0 ? { ...compared, findings: [...compared.findings, 'a level'] } : compared
}
