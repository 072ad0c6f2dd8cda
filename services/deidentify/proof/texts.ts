/** The texts that a source holds, read by nobody's rules: whatever could be a word, a number or a date. */
import { gunzipSync, inflateSync } from 'node:zlib'
import { daysIn, layoutsOf } from './dates.ts'
import type { Layout } from './layout.ts'
import type { Known } from './needles.ts'

const MIN_RUN = 4
const MIN_WORD = 3
const MIN_DIGITS = 4
/** Texts within texts: an XMP packet with a picture in Base64 with an EXIF block. */
const MAX_DEPTH = 3
/** More texts than a real slide has fields; a file that has more cannot be proven. */
export const MAX_TEXTS = 20_000

/** Runs of printable characters, of one byte and of two in either order. */
function runsIn(bytes: Buffer): string[] {
  const single = bytes.toString('latin1').match(/[\x20-\x7e\xa1-\xff]{4,}/g) ?? []
  const wide = /[\x20-\x7e\xa1-\xff]{4,}/g
  const both = [0, 1].flatMap(start => {
    const even = bytes.subarray(start, start + ((bytes.length - start) & ~1))
    if (!hasZeros(even)) return []
    return [even.toString('utf16le'), Buffer.from(even).swap16().toString('utf16le')].flatMap(
      text => text.match(wide) ?? [],
    )
  })
  return [...single, ...both].filter(run => run.trim().length >= MIN_RUN)
}

/** Texts of two-byte characters are half zeros; anything else would only make noise. */
const hasZeros = (bytes: Buffer): boolean => bytes.indexOf(0) >= 0

/** What is packed in bytes: DEFLATE, gzip, Base64. */
function unpacked(bytes: Buffer, runs: readonly string[]): Buffer[] {
  const found: Buffer[] = []
  const attempt = (unpack: () => Buffer): void => {
    try {
      found.push(unpack())
    } catch {
      // It only looked packed.
    }
  }
  const limit = { maxOutputLength: 64 * 1024 * 1024 }
  if (bytes[0] === 0x78) attempt(() => inflateSync(bytes, limit))
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) attempt(() => gunzipSync(bytes, limit))
  const coded = runs.flatMap(run => run.match(/[A-Za-z0-9+/]{12,}={0,2}/g) ?? [])
  for (const text of coded) found.push(Buffer.from(text, 'base64'))
  return found
}

/** All texts in bytes, also in what is packed there. */
export function textsIn(bytes: Buffer, depth = 0): string[] {
  const runs = runsIn(bytes)
  if (depth >= MAX_DEPTH) return runs
  return [...runs, ...unpacked(bytes, runs).flatMap(inner => textsIn(inner, depth + 1).filter(isTelling))]
}

/** Bytes that were no text look like letters by chance; words and numbers have a shape. */
const isTelling = (text: string): boolean => /[A-Za-z]{4,}|\d{4,}/.test(text)

/** The pieces of a text that could stand alone elsewhere: values, then words and numbers, then dates in other layouts. */
export function piecesOf(text: string): string[] {
  const values = text.split(/[|;<>"'=\r\n\t\0]+/).map(value => value.trim())
  const words = values.flatMap(value => value.split(/[^A-Za-z0-9\u00c0-\u024f]+/))
  const days = values.flatMap(daysIn).flatMap(layoutsOf)
  return [text.trim(), ...values, ...words.filter(isWord), ...days].filter(piece => piece.length >= MIN_WORD)
}

const isWord = (word: string): boolean =>
  /^\d+$/.test(word) ? word.length >= MIN_DIGITS : word.length >= MIN_WORD && !/^0x/.test(word)

/** Texts of a source's metadata, each once. */
export function knownTexts(source: Layout | null, given: readonly string[]): Known[] {
  const known = new Map<string, Known>()
  const add = (text: string, from: Known['from']): void => {
    for (const piece of piecesOf(text)) {
      if (new Set(piece).size > 1 && !known.has(piece)) known.set(piece, { text: piece, from })
    }
  }
  for (const text of given) add(text, 'given')
  for (const { bytes } of source?.texts ?? []) for (const text of textsIn(bytes)) add(text, 'source')
  return [...known.values()]
}
