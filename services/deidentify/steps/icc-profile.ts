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
/** The header without date, ID and its reserved end. */
const KEPT_HEADER: readonly Extent[] = [
  { offset: 0, length: DATE.offset },
  { offset: DATE.offset + DATE.length, length: ID.offset - DATE.offset - DATE.length },
]

/** Types of nothing but numbers: curves, matrices, tables, conditions. Texts, dates and private types are not here. */
const NUMBERS = new Set(
  [
    'curv',
    'para',
    'XYZ ',
    'sf32',
    'uf32',
    'ui08',
    'ui16',
    'ui32',
    'ui64',
    'mft1',
    'mft2',
    'mAB ',
    'mBA ',
    'mpet',
  ].concat(['chrm', 'cicp', 'meas', 'view', 'sig ']),
)

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

/**
 * The bytes of a profile on which no colour depends: date, ID, names of device and operator, private tags, what lies
 * between tags. Filled with zeros they leave a profile of the same length and the same transform.
 * @returns null for what is no ICC profile
 */
export function needlessOf(profile: Buffer): Extent[] | null {
  const tags = tagsOf(profile)
  if (!tags) return null
  const table = { offset: HEADER, length: 4 + tags.length * TABLE_ENTRY }
  const kept = tags.map(({ offset, length, type }) => ({ offset, length: NUMBERS.has(type) ? length : TAG_HEAD }))
  return gaps([...KEPT_HEADER, table, ...kept], profile.length)
}
