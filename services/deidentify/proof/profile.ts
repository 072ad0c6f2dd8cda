/** ICC profiles (ICC.1:2022): numbers that colours depend on stay, and nothing else says anything. */

const HEADER = 128
const DATE = [24, 36] as const
const ID = [84, 100] as const
/** Types whose data are numbers. */
const NUMERIC = new Set(
  'curv para XYZ_ sf32 uf32 ui08 ui16 ui32 ui64 mft1 mft2 mAB_ mBA_ mpet chrm cicp meas view sig_'.split(' '),
)

interface Part {
  from: number
  to: number
  numeric: boolean
}

function partsOf(profile: Buffer): Part[] | null {
  if (profile.length < HEADER + 4 || profile.toString('latin1', 36, 40) !== 'acsp') return null
  const count = profile.readUInt32BE(HEADER)
  const table = HEADER + 4 + count * 12
  if (count > 1000 || table > profile.length) return null
  const parts: Part[] = [{ from: 0, to: table, numeric: true }]
  for (let at = HEADER + 4; at < table; at += 12) {
    const [from, length] = [profile.readUInt32BE(at + 4), profile.readUInt32BE(at + 8)]
    if (from + length > profile.length) return null
    const type = profile.toString('latin1', from, from + 4).replace(' ', '_')
    // The head of a part: its type, and four reserved bytes.
    parts.push(
      { from, to: from + Math.min(8, length), numeric: true },
      { from, to: from + length, numeric: NUMERIC.has(type) },
    )
  }
  return parts
}

/** Whether a profile holds nothing but numbers, and no date. */
export function isBareProfile(profile: Buffer): boolean {
  const parts = partsOf(profile)
  if (!parts) return false
  const free = new Uint8Array(profile.length).fill(1)
  for (const { from, to, numeric } of parts) if (numeric) free.fill(0, from, to)
  for (const [from, to] of [DATE, ID]) free.fill(1, from, to)
  return profile.every((byte, i) => free[i] === 0 || byte === 0)
}

/** Whether two profiles have the same numbers. */
export function isSameTransform(a: Buffer, b: Buffer): boolean {
  const numbers = (profile: Buffer) =>
    partsOf(profile)
      ?.slice(1)
      .filter(({ numeric }) => numeric)
      .map(({ from, to }) => profile.subarray(from, to).toString('latin1'))
      .join('|')
  const [one, other] = [numbers(a), numbers(b)]
  return one !== undefined && one === other
}
