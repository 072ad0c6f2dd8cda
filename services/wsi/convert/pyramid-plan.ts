import { createHash } from 'node:crypto'
import { isPlausibleMpp } from '../formats/generic.ts'
import type { SlideDescription } from '../slide.ts'
import { type Plan, partGrid, planConversion } from './plan.ts'
import type { Coding } from './quality-policy.ts'

/** All that the parts of a pyramid and its assembly have to agree on. Plain JSON. */
export interface PyramidPlan extends Plan {
  /** Of the coding of parts; plans of another version are refused. */
  version: 1
  coding: Coding
  /** Parts are counted from 0, in rows. */
  parts: number
  mpp: { x: number; y: number } | null
  objectivePower: number | null
  /** The slide's ICC profile, which part 0 carries. */
  profile: { bytes: number; sha256: string } | null
  /** Bytes in which the source stores level 0; null or missing where nobody knows. */
  sourcePixels?: number | null
}

export interface PlanOptions {
  /** Edge of the square tiles in pixels, a multiple of 16 up to 1024. */
  tileSize?: number
  coding: Coding
  /** Edge of a part in pixels; default about 8192. */
  partSize?: number
  /** Edge of a block in pixels, for sources that are better read in smaller ones (source.ts). */
  blockSize?: number
  /** Bytes in which the source stores level 0. */
  sourcePixels?: number | null
}

const VERSION = 1

/**
 * Plans the pyramid of a slide. Pure: the same description and options give the same plan.
 * @throws RangeError for options that make no sense
 */
export function planPyramid(description: SlideDescription, options: PlanOptions): PyramidPlan {
  assertOptions(options)
  const { tileSize = 256, coding } = options
  const { quality, subsampling } = coding
  const { width, height, mpp, objectivePower, icc } = description
  const plan = planConversion(width, height, tileSize, options)
  const { across, down } = partGrid(plan)
  return {
    version: VERSION,
    ...plan,
    coding: { quality, subsampling },
    parts: across * down,
    sourcePixels: options.sourcePixels ?? null,
    // As readers of the pyramid will find it: an impossible resolution makes the slide uncalibrated.
    mpp: mpp && isPlausibleMpp(mpp.x) && isPlausibleMpp(mpp.y) ? { x: mpp.x, y: mpp.y } : null,
    objectivePower,
    // Up to eight bytes are no profile.
    profile: icc && icc.length > 8 ? { bytes: icc.length, sha256: sha256(icc).toString('hex') } : null,
  }
}

/** @throws RangeError, naming the option that makes no sense */
export function assertOptions(options: PlanOptions): void {
  const { tileSize = 256, coding, partSize } = options
  if (!(tileSize >= 16 && tileSize <= 1024 && tileSize % 16 === 0))
    throw new RangeError('tileSize is a multiple of 16 up to 1024')
  const { quality, subsampling } = coding
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) throw new RangeError('quality is 1 to 100')
  if (subsampling !== '4:2:0' && subsampling !== '4:4:4') throw new RangeError('subsampling is 4:2:0 or 4:4:4')
  if (partSize !== undefined && !(partSize >= tileSize && partSize <= 32_768))
    throw new RangeError('partSize is at least tileSize and at most 32768')
}

const sha256 = (data: Uint8Array | string): Buffer => createHash('sha256').update(data).digest()

/** What tells two plans apart, whatever the order of their keys after a while in a database. */
export function planDigest(plan: PyramidPlan): Buffer {
  const { version, width, height, tileSize, span, partSpan, coding, mpp, objectivePower, profile } = plan
  const { quality, subsampling } = coding
  const own = [version, width, height, tileSize, span, partSpan, quality, subsampling]
  return sha256(JSON.stringify([...own, mpp?.x, mpp?.y, objectivePower, profile?.bytes, profile?.sha256]))
}
