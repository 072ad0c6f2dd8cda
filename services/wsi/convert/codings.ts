/** Codings by technique as a site writes them, in place of those of the table. */
import { type CodingPolicy, QUALITY_POLICY } from './quality-policy.ts'

export type Codings = Readonly<Record<string, CodingPolicy>>

/** What `readCodings` takes. */
export const CODINGS_FORM =
  'expected {"IHC":{"quality":70,"subsampling":"4:4:4","floor":50},…} with HE, IHC, SPECIAL, FLUORESCENCE'

const isQuality = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 100

function isPolicy(value: unknown): value is CodingPolicy {
  const { quality, subsampling, floor, ...rest } = (value ?? {}) as Partial<CodingPolicy>
  const isCoding = isQuality(quality) && (subsampling === '4:2:0' || subsampling === '4:4:4')
  return isCoding && isQuality(floor) && floor <= quality && Object.keys(rest).length === 0
}

/** @returns null for a text of another form; no codings for an empty one */
export function readCodings(text: string): Codings | null {
  if (text === '') return {}
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return null
  const isKnown = ([technique, policy]: [string, unknown]) =>
    Object.hasOwn(QUALITY_POLICY, technique) && isPolicy(policy)
  return Object.entries(read).every(isKnown) ? (read as Codings) : null
}
