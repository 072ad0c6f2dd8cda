/** The quality report of a pyramid, from what was counted and measured. */
import type { QualityReport } from '@coverslip/proto/api/quality.ts'
import type { SlideDeidentified } from '@coverslip/proto/gen/events/v1/events.ts'
import type { LevelQuality } from '@coverslip/wsi/convert/quality.ts'
import type { Coding } from '@coverslip/wsi/convert/quality-policy.ts'
import { bytesOf, techniqueOf } from './event.ts'

export type { QualityReport } from '@coverslip/proto/api/quality.ts'

export interface EnergyFactors {
  wattsPerCore: number
  wattHoursPerGbMoved: number
  wattHoursPerTbHour: number
}

/** What a pyramid has cost. */
export interface Costs {
  wallSeconds: number
  cpuSeconds: number
  movedBytes: number
  parts: { count: number; repeated: number }
}

export const NO_COSTS: Costs = { wallSeconds: 0, cpuSeconds: 0, movedBytes: 0, parts: { count: 0, repeated: 0 } }

export interface Measured {
  pyramid: { bytes: number; sha256: string; width: number; height: number }
  levels: LevelQuality[]
  /** Null where de-identification made the pyramid. */
  coding: Coding | null
  costs: Costs
}

const HOURS_OF_YEAR = 8766

export function makeReport(
  event: SlideDeidentified,
  { pyramid, levels, coding, costs }: Measured,
  factors: EnergyFactors,
  madeAt: Date,
): QualityReport {
  // A rewritten slide has no original beside its pyramid.
  const original = coding && bytesOf(event)
  const pixels = pyramid.width * pyramid.height * 3
  const source = Number(event.sourceBytes)
  return {
    slide: event.slideId,
    revision: event.revision,
    madeAt: madeAt.toISOString(),
    technique: techniqueOf(event),
    coding: coding && { quality: coding.quality, subsampling: coding.subsampling },
    sizes: { source, original, pyramid: pyramid.bytes, pixels },
    reduction: {
      ofSource: source > 0 ? reduction(source, pyramid.bytes) : null,
      ofOriginal: original ? reduction(original, pyramid.bytes) : null,
      ofPixels: reduction(pixels, pyramid.bytes),
    },
    checksums: { original: (coding && event.file?.sha256) || null, pyramid: pyramid.sha256 },
    levels: levels.map(found => ({ ...found, psnr: rounded(found.psnr, 2), ssim: rounded(found.ssim, 4) })),
    parts: costs.parts,
    seconds: { wall: rounded(costs.wallSeconds, 2), cpu: rounded(costs.cpuSeconds, 2) },
    bytes: { moved: costs.movedBytes, stored: pyramid.bytes },
    energy: {
      wattHours: {
        computing: rounded((costs.cpuSeconds / 3600) * factors.wattsPerCore, 4),
        moving: rounded((costs.movedBytes / 1e9) * factors.wattHoursPerGbMoved, 4),
        keepingForAYear: rounded((pyramid.bytes / 1e12) * factors.wattHoursPerTbHour * HOURS_OF_YEAR, 4),
      },
      factors,
    },
  }
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits))
/** Percent. */
const reduction = (before: number, after: number): number => rounded((1 - after / before) * 100, 1)
