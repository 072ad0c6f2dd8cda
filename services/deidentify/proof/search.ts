/**
 * Looks for many needles in one pass, whatever the case of letters. The window moves by how far no needle can end (Wu and
 * Manber 1994), told by the last two bytes in it.
 */
import { blocksOf, type Range } from './bytes.ts'
import type { Needle } from './needles.ts'

const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte))

interface Finder {
  longest: number
  /** Where needles are in `bytes`, once each. */
  find(bytes: Buffer): Range[]
}

/** @param needles of at least two bytes */
export function finderFor(needles: readonly Needle[]): Finder {
  const folded = needles.map(needle => Buffer.from(needle.map(byte => FOLD[byte]!)))
  if (folded.length === 0) return { longest: 0, find: () => [] }
  const reach = Math.min(255, ...folded.map(({ length }) => length))
  const steps = new Uint8Array(65_536).fill(reach - 1)
  const ending = new Map<number, Buffer[]>()
  for (const needle of folded) {
    for (let i = 0; i + 1 < reach; i++) {
      const pair = needle.readUInt16BE(i)
      steps[pair] = Math.min(steps[pair]!, reach - 2 - i)
    }
    const last = needle.readUInt16BE(reach - 2)
    ending.set(last, [...(ending.get(last) ?? []), needle])
  }
  const isAt = (needle: Buffer, bytes: Buffer, start: number): boolean => {
    if (start + needle.length > bytes.length) return false
    for (let i = 0; i < needle.length; i++) if (FOLD[bytes[start + i]!] !== needle[i]) return false
    return true
  }
  const find = (bytes: Buffer): Range[] => {
    const found: Range[] = []
    for (let end = reach - 1; end < bytes.length; ) {
      const pair = (FOLD[bytes[end - 1]!]! << 8) | FOLD[bytes[end]!]!
      const step = steps[pair]!
      if (step > 0) {
        end += step
        continue
      }
      const offset = end - reach + 1
      for (const needle of ending.get(pair) ?? []) {
        if (isAt(needle, bytes, offset)) found.push({ offset, length: needle.length })
      }
      end += 1
    }
    return found
  }
  return { longest: Math.max(...folded.map(({ length }) => length)), find }
}

/** Every place of a file where a needle is, also across the borders of blocks. */
export async function searchFile(path: string, needles: readonly Needle[], signal?: AbortSignal): Promise<Range[]> {
  const { longest, find } = finderFor(needles)
  const found = new Map<string, Range>()
  let tail: Buffer = Buffer.alloc(0)
  for await (const { at, bytes } of blocksOf(path, signal)) {
    // Only the border is looked at twice; joining whole blocks would copy the file.
    const border = Buffer.concat([tail, bytes.subarray(0, longest)])
    for (const hit of find(border)) keep(hit, at - tail.length)
    for (const hit of find(bytes)) keep(hit, at)
    tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - longest)))
  }
  return [...found.values()]

  function keep({ offset, length }: Range, base: number): void {
    found.set(`${base + offset}:${length}`, { offset: base + offset, length })
  }
}
