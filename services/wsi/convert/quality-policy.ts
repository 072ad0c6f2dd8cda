/** How the tiles of a pyramid are coded, by what the slide shows, and what happens when that would not make it smaller. */

/** Chroma sampling of a pyramid's tiles. */
export type PyramidSubsampling = '4:2:0' | '4:4:4'

export interface Coding {
  /** JPEG quality, 1 to 100. */
  quality: number
  subsampling: PyramidSubsampling
}

export interface CodingPolicy extends Coding {
  /** Below this quality no pyramid of the technique is made. */
  floor: number
}

/**
 * Techniques and their codings. Brown DAB borders of immunohistochemistry smear when two pixels share a colour, as do the
 * thin coloured fibres of special stains: full chroma and a higher quality. Fluorescence is grey or nearly so.
 */
export const QUALITY_POLICY: Readonly<Record<string, CodingPolicy>> = {
  HE: { quality: 50, subsampling: '4:2:0', floor: 30 },
  IHC: { quality: 70, subsampling: '4:4:4', floor: 50 },
  SPECIAL: { quality: 70, subsampling: '4:4:4', floor: 50 },
  FLUORESCENCE: { quality: 70, subsampling: '4:2:0', floor: 50 },
}

const DEFAULT_TECHNIQUE = 'HE'

/**
 * The coding for a technique; an unknown one is coded as H&E.
 * @param policy codings that replace the table's, by technique
 */
export function codingFor(
  technique: string | null | undefined,
  policy: Readonly<Record<string, CodingPolicy>> = {},
): CodingPolicy {
  const table = { ...QUALITY_POLICY, ...policy }
  const known = technique && Object.hasOwn(table, technique) ? technique : DEFAULT_TECHNIQUE
  return table[known] as CodingPolicy
}

/** Of a pyramid's index and tables and the padding of its edge tiles, which weigh on a small slide only. */
const FIXED_BYTES = 64 * 1024

/** One step of quality: about a tenth of a tile's bytes between 30 and 80. */
const STEP = 10

export type SizeDecision =
  | { kind: 'keep' }
  /** To be made again with this coding. */
  | { kind: 'again'; coding: Coding }
  /** No coding within the policy makes it smaller. */
  | { kind: 'refuse'; reason: string }

/** What a pyramid, or its source, takes. */
export interface StoredSize {
  /** The whole file, or files. */
  bytes: number
  /** The tiles, strips or pictures of level 0; null where nobody knows. */
  pixels: number | null
}

/**
 * A pyramid is never larger than what it was made from, nor is its level 0 larger than the same pixels are in the source,
 * whatever else that holds: one that is gets made again with less quality, down to the policy's floor; below it none is
 * made.
 */
export function decideSize(
  policy: CodingPolicy,
  coding: Coding,
  pyramid: StoredSize,
  source: StoredSize,
): SizeDecision {
  const known = pyramid.pixels !== null && source.pixels !== null
  const pixelsFit = !known || (pyramid.pixels as number) - FIXED_BYTES <= (source.pixels as number)
  if (pyramid.bytes - FIXED_BYTES <= source.bytes && pixelsFit) return { kind: 'keep' }
  if (coding.quality <= policy.floor) {
    return {
      kind: 'refuse',
      reason: `Even at quality ${coding.quality}, the lowest that is allowed, the pyramid is larger than the slide's own pixels.`,
    }
  }
  return { kind: 'again', coding: { ...coding, quality: Math.max(policy.floor, coding.quality - STEP) } }
}
