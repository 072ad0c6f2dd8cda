/**
 * DICOM's unique identifiers of slides: derived from random ids (PS3.5, B.2: `2.25.` and a UUID as a decimal number), so
 * that they say nothing, need no table, and are the same on each replica.
 */
import { createHash } from 'node:crypto'

const ROOT = '2.25.'
const MOST = 2n ** 128n

/** A study is a slide: its UUID as it is. */
export const studyUid = (slideId: string): string => uidOf(slideId.replaceAll('-', ''))

/** The slide of a study; undefined for an identifier that is none of ours. */
export function slideOf(study: string): string | undefined {
  if (!/^2\.25\.(0|[1-9]\d{0,38})$/.test(study)) return undefined
  const number = BigInt(study.slice(ROOT.length))
  if (number >= MOST) return undefined
  const hex = number.toString(16).padStart(32, '0')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A series is a rendition of a slide. */
export const seriesUid = (slideId: string, rendition: string): string => madeUid(`series ${slideId} ${rendition}`)

/** An instance is a level of a rendition. */
export const instanceUid = (slideId: string, rendition: string, level: number): string =>
  madeUid(`instance ${slideId} ${rendition} ${level}`)

/** What the levels of a rendition share: one plane, one specimen. */
export const sharedUid = (slideId: string, rendition: string, what: 'frame of reference' | 'specimen'): string =>
  madeUid(`${what} ${slideId} ${rendition}`)

/** A UUID of version 8 (RFC 9562, 5.8) made of a hash. */
function madeUid(words: string): string {
  const bytes = createHash('sha256').update(words).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return uidOf(bytes.toString('hex'))
}

const uidOf = (hex: string): string => `${ROOT}${BigInt(`0x${hex}`)}`
