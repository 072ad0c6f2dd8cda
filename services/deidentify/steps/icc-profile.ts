/** What of an ICC profile colours depend on (ICC.1:2022, chapters 7 to 10); pure. */
import { type Extent, gaps } from '../procedure/extents.ts'

const HEADER = 128
const TABLE_ENTRY = 12
/** Type signature and four reserved bytes, with which every tag's data begins. */
const TAG_HEAD = 8
/** Profiles of scanners have 9 to 30. */
const MAX_TAGS = 200

/** Creation date and time; the profile ID, a digest over the whole profile. */
export const DATE: Extent = { offset: 24, length: 12 }
export const ID: Extent = { offset: 84, length: 16 }
/**
 * Of the header: size; version, class and colour spaces; the signature; intent and illuminant. Date, ID, who made device,
 * profile and software, and the reserved end are no part of a transform, and zeros are allowed there.
 */
const KEPT_HEADER: readonly Extent[] = [
  { offset: 0, length: 4 },
  { offset: 8, length: 16 },
  { offset: 36, length: 4 },
  { offset: 64, length: 16 },
]

const PARAMETERS = [1, 3, 4, 5, 7]

/** Types of nothing but numbers, with how many bytes they have: curves, matrices, tables, conditions. */
const NUMBERS: ReadonlyMap<string, (tag: Buffer) => number> = new Map([
  ['curv', (tag: Buffer) => (tag.length < 12 ? TAG_HEAD : 12 + 2 * tag.readUInt32BE(8))],
  ['para', (tag: Buffer) => (tag.length < 12 ? TAG_HEAD : 12 + 4 * (PARAMETERS[tag.readUInt16BE(8)] ?? 0))],
  ['XYZ ', () => 20],
  // A matrix of three by three.
  ...['sf32', 'uf32'].map(type => [type, () => 44] as const),
  // Three primaries.
  ['chrm', () => 36],
  ['cicp', () => 12],
  ...['meas', 'view'].map(type => [type, () => 36] as const),
  ...['mft1', 'mft2', 'mAB ', 'mBA ', 'mpet'].map(type => [type, (tag: Buffer) => tag.length] as const),
])
/** Types of texts, dates and names, which stay as types; any other type is somebody's own and may be a word. */
const TEXTS = new Set(['desc', 'text', 'mluc', 'dtim', 'data', 'sig ', 'ncl2', 'pseq', 'psid', 'dict', 'vcgt'])

interface Tag extends Extent {
  type: string
}

/** The profile's tags; null when it is none. */
function tagsOf(profile: Buffer): Tag[] | null {
  if (profile.length < HEADER + 4 || profile.toString('latin1', 36, 40) !== 'acsp') return null
  const count = profile.readUInt32BE(HEADER)
  if (count > MAX_TAGS || HEADER + 4 + count * TABLE_ENTRY > profile.length) return null
  const tags: Tag[] = []
  for (let i = 0; i < count; i += 1) {
    const at = HEADER + 4 + i * TABLE_ENTRY
    const [offset, length] = [profile.readUInt32BE(at + 4), profile.readUInt32BE(at + 8)]
    if (length < TAG_HEAD || offset + length > profile.length) return null
    tags.push({ offset, length, type: profile.toString('latin1', offset, offset + 4) })
  }
  return tags
}

/** Bytes of a tag that stay, from its begin. */
function keptOf(profile: Buffer, { offset, length, type }: Tag): number {
  const bytes = NUMBERS.get(type)?.(profile.subarray(offset, offset + length))
  return Math.min(length, bytes ?? (TEXTS.has(type) ? type.length : 0))
}

/**
 * The bytes of a profile on which no colour depends: date, ID, names of device and operator, private tags, what lies
 * between tags and behind their numbers. Filled with zeros they leave a profile of the same length and the same transform.
 * @returns null for what is no ICC profile
 */
export function needlessOf(profile: Buffer): Extent[] | null {
  const tags = tagsOf(profile)
  if (!tags) return null
  const table = { offset: HEADER, length: 4 + tags.length * TABLE_ENTRY }
  const kept = tags.map(tag => ({ offset: tag.offset, length: keptOf(profile, tag) }))
  return gaps([...KEPT_HEADER, table, ...kept], profile.length)
}
