/** What a month costs by a price table, as it is and as it might be; pure. */
import type { CostsView } from '@coverslip/proto/api/costs.ts'
import type { Prices } from './prices.ts'
import type { Purpose, Reads } from './usage.ts'

export type Tiers = CostsView['tiers']
type Month = CostsView['estimate']['asItIs']

/** Reads of a month, by purpose. */
export type MonthOfReads = Readonly<Record<Purpose, Reads>>

export const DAYS_OF_MONTH = 30
const HOURS_OF_MONTH = DAYS_OF_MONTH * 24
const GB = 1e9

/** The reads of some days as those of a month. */
export function monthOf(reads: MonthOfReads, days: number): MonthOfReads {
  const factor = DAYS_OF_MONTH / days
  const scaled = Object.entries(reads).map(([purpose, { requests, bytes }]) => [
    purpose,
    { requests: requests * factor, bytes: bytes * factor },
  ])
  return Object.fromEntries(scaled) as MonthOfReads
}

/**
 * The site as it is: each tier at the price of its place. What the service reads out of an object store leaves the cloud,
 * since it is read where the readers are.
 */
export function asItIs(tiers: Tiers, { tiles, staging, downloads }: MonthOfReads, prices: Prices): Month {
  const storage = Object.values(tiers).reduce((sum, { bytes, place }) => sum + (bytes / GB) * keeping(place, prices), 0)
  if (tiers.pyramid.place === 'here') return total({ storage, egress: 0, requests: 0 })
  return total({ storage, ...leaving([tiles, staging, downloads], [tiles, staging, downloads], prices) })
}

/** Originals and pyramids in the cloud, and the servers too: no stage, and every tile and download that anybody sees leaves. */
export function everythingInTheCloud(tiers: Tiers, reads: MonthOfReads, prices: Prices): Month {
  const { tiles, spared, downloads, served } = reads
  const storage = ((tiers.original.bytes + tiers.pyramid.bytes) / GB) * prices.cloudGbMonth
  return total({ storage, ...leaving([served, downloads], [tiles, spared, downloads], prices) })
}

/**
 * Everything in the cloud, with pyramids as large as their originals.
 * @param ratio bytes of originals divided by those of their pyramids; null: not known here
 */
export function noCompression(tiers: Tiers, reads: MonthOfReads, prices: Prices, ratio: number | null): Month | null {
  if (ratio === null) return null
  const grown = ({ requests, bytes }: Reads): Reads => ({ requests, bytes: bytes * ratio })
  const larger = Object.fromEntries(Object.entries(reads).map(([purpose, read]) => [purpose, grown(read)]))
  const pyramid = { ...tiers.pyramid, bytes: tiers.pyramid.bytes * ratio }
  return everythingInTheCloud({ ...tiers, pyramid }, larger as MonthOfReads, prices)
}

/** Watt-hours of a month, by the factors that quality reports use too. */
export function energyOf(
  tiers: Tiers,
  { tiles, staging, downloads }: MonthOfReads,
  factors: CostsView['energy']['factors'],
): CostsView['energy'] {
  const kept = Object.values(tiers).reduce((sum, { bytes }) => sum + bytes, 0)
  const moved = tiles.bytes + staging.bytes + downloads.bytes
  return {
    wattHours: {
      keeping: rounded((kept / 1e12) * factors.wattHoursPerTbHour * HOURS_OF_MONTH),
      moving: rounded((moved / GB) * factors.wattHoursPerGbMoved),
    },
    factors,
  }
}

const keeping = (place: Tiers['stage']['place'], prices: Prices): number =>
  place === 'cloud' ? prices.cloudGbMonth : prices.hereGbMonth

function leaving(moved: Reads[], asked: Reads[], prices: Prices): Pick<Month, 'egress' | 'requests'> {
  const bytes = moved.reduce((sum, read) => sum + read.bytes, 0)
  const requests = asked.reduce((sum, read) => sum + read.requests, 0)
  return { egress: (bytes / GB) * prices.cloudEgressGb, requests: (requests / 10_000) * prices.cloudReads10k }
}

function total({ storage, egress, requests }: Omit<Month, 'total'>): Month {
  const parts = { storage: rounded(storage), egress: rounded(egress), requests: rounded(requests) }
  return { ...parts, total: rounded(storage + egress + requests) }
}

const rounded = (value: number): number => Number(value.toFixed(4))
