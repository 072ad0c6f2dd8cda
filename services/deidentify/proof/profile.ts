/** ICC profiles (ICC.1:2022): numbers that colours depend on stay, and nothing else says anything. */

const HEADER = 128
/** Size; version to colour spaces; signature; intent and illuminant. */
const SAID = [
  [0, 4],
  [8, 24],
  [36, 40],
  [64, 80],
] as const
/** Bytes of types that have a fixed size; tables are as long as they say. */
const FIXED: Record<string, number> = { XYZ_: 20, sf32: 44, uf32: 44, chrm: 36, cicp: 12, meas: 36, view: 36 }
const TABLES = new Set(['mft1', 'mft2', 'mAB_', 'mBA_', 'mpet'])
/** Names of types whose data are texts: the names may be there, the data not. */
const WORDS = new Set('desc text mluc dtim data sig_ ncl2 pseq psid dict vcgt'.split(' '))

interface Part {
  from: number
  to: number
}

/** How much of a tag's data is numbers, or the name of its type. */
function bytesOf(type: string, tag: Buffer): number {
  if (WORDS.has(type)) return 4
  if (TABLES.has(type)) return tag.length
  const fixed = FIXED[type]
  if (fixed !== undefined || tag.length < 12) return fixed ?? (type === 'curv' || type === 'para' ? 8 : 0)
  if (type === 'curv') return 12 + tag.readUInt32BE(8) * 2
  return type === 'para' ? 12 + 4 * ([1, 3, 4, 5, 7][tag.readUInt16BE(8)] ?? 0) : 0
}

function partsOf(profile: Buffer): Part[] | null {
  if (profile.length < HEADER + 4 || profile.toString('latin1', 36, 40) !== 'acsp') return null
  const count = profile.readUInt32BE(HEADER)
  const table = HEADER + 4 + count * 12
  if (count > 1000 || table > profile.length) return null
  const parts: Part[] = [{ from: HEADER, to: table }]
  for (let at = HEADER + 4; at < table; at += 12) {
    const [from, length] = [profile.readUInt32BE(at + 4), profile.readUInt32BE(at + 8)]
    if (from + length > profile.length) return null
    const type = profile.toString('latin1', from, from + 4).replace(' ', '_')
    parts.push({ from, to: from + Math.min(length, bytesOf(type, profile.subarray(from, from + length))) })
  }
  return parts
}

/** Whether a profile holds nothing but numbers, and no date. */
export function isBareProfile(profile: Buffer): boolean {
  const parts = partsOf(profile)
  if (!parts) return false
  const free = new Uint8Array(profile.length).fill(1)
  for (const { from, to } of parts) free.fill(0, from, to)
  free.fill(1, 0, HEADER)
  for (const [from, to] of SAID) free.fill(0, from, to)
  return profile.every((byte, i) => free[i] === 0 || byte === 0)
}

/** Whether two profiles have the same numbers. */
export function isSameTransform(a: Buffer, b: Buffer): boolean {
  const numbers = (profile: Buffer) =>
    partsOf(profile)
      ?.slice(1)
      .map(({ from, to }) => profile.subarray(from, to).toString('latin1'))
      .join('|')
  const [one, other] = [numbers(a), numbers(b)]
  return one !== undefined && one === other
}
