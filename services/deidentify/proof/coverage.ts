/** Every byte of a file is something that is referred to, or zero; and nothing lies on top of something else. */
import { blocksOf, type Range } from './bytes.ts'
import type { LaidFile, Layout } from './layout.ts'

/** Ranges in order, those that touch joined. */
function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = []
  for (const { offset, length } of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const last = all.at(-1)
    if (length === 0) continue
    if (last && offset <= last.offset + last.length) last.length = Math.max(last.length, offset + length - last.offset)
    else all.push({ offset, length })
  }
  return all
}

function unused(ranges: readonly Range[], size: number): Range[] {
  const gaps: Range[] = []
  let at = 0
  for (const { offset, length } of ranges) {
    if (offset > at) gaps.push({ offset: at, length: offset - at })
    at = Math.max(at, offset + length)
  }
  if (at < size) gaps.push({ offset: at, length: size - at })
  return gaps
}

/** Structures lie apart from each other and from pixels; the very same bytes may be referred to twice. */
function overlaps(structure: readonly Range[], pixels: readonly Range[]): boolean {
  const distinct = [...new Map(structure.map(range => [`${range.offset}:${range.length}`, range])).values()]
  const sorted = distinct.filter(({ length }) => length > 0).sort((a, b) => a.offset - b.offset)
  if (sorted.some((range, i) => i > 0 && range.offset < sorted[i - 1]!.offset + sorted[i - 1]!.length)) return true
  let at = 0
  for (const { offset, length } of sorted) {
    while (at < pixels.length && pixels[at]!.offset + pixels[at]!.length <= offset) at += 1
    const next = pixels[at]
    if (next && next.offset < offset + length) return true
  }
  return false
}

async function hasBytesIn(path: string, gaps: readonly Range[], signal?: AbortSignal): Promise<boolean> {
  if (gaps.length === 0) return false
  let next = 0
  for await (const { at, bytes } of blocksOf(path, signal)) {
    while (next < gaps.length && gaps[next]!.offset < at + bytes.length) {
      const { offset, length } = gaps[next]!
      const part = bytes.subarray(Math.max(0, offset - at), Math.min(bytes.length, offset + length - at))
      if (!part.every(byte => byte === 0)) return true
      if (offset + length > at + bytes.length) break
      next += 1
    }
  }
  return false
}

/** What is wrong with the use of a slide's bytes; empty for a clean one. */
export async function findUnused(layout: Layout, signal?: AbortSignal): Promise<string[]> {
  const findings: string[] = []
  for (const [index, file] of layout.files.entries()) {
    const images = [...layout.levels, ...layout.pictures]
    const pixels = joined(images.flatMap(({ segments }) => segments.filter(segment => segment.file === index)))
    if (overlaps(file.structure, pixels)) findings.push('parts of the structure overlap')
    const gaps = unused(joined([...file.structure, ...pixels]), file.size)
    if (await hasBytesIn(file.path, gaps, signal)) findings.push('bytes that nothing refers to are not zero')
  }
  if (layout.spare.some(({ bytes }) => bytes.some(byte => byte !== 0)))
    findings.push('an entry has bytes beside its value')
  return findings
}

export const sizeOf = ({ files }: Layout): number => files.reduce((sum: number, { size }: LaidFile) => sum + size, 0)
