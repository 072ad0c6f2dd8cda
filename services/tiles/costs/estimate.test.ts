import { expect, test } from 'vitest'
import { asItIs, energyOf, everythingInTheCloud, monthOf, noCompression, type Tiers } from './estimate.ts'
import { EXAMPLE_PRICES, pricesSetting } from './prices.ts'
import { PURPOSES, type Purpose, type Reads } from './usage.ts'

const GB = 1e9
const PRICES = { ...EXAMPLE_PRICES, cloudGbMonth: 2, cloudEgressGb: 10, cloudReads10k: 1, hereGbMonth: 1 }

function tiers(place: 'here' | 'cloud'): Tiers {
  return {
    original: { objects: 10, bytes: 1000 * GB, place: 'here' },
    pyramid: { objects: 10, bytes: 100 * GB, place },
    stage: { objects: 5, bytes: 50 * GB, place: 'here' },
  }
}
function reads(given: Partial<Record<Purpose, [requests: number, gigabytes: number]>>): Record<Purpose, Reads> {
  const of = (purpose: Purpose) => ({ requests: given[purpose]?.[0] ?? 0, bytes: (given[purpose]?.[1] ?? 0) * GB })
  return Object.fromEntries(PURPOSES.map(purpose => [purpose, of(purpose)])) as Record<Purpose, Reads>
}
const MONTH = reads({
  tiles: [20_000, 2],
  staging: [10_000, 3],
  downloads: [0, 1],
  spared: [30_000, 40],
  served: [90_000, 60],
})

test('each tier costs what its place costs, and reads of the cloud cost twice: by the GB and by the request', () => {
  expect(asItIs(tiers('cloud'), MONTH, PRICES)).toEqual({ storage: 1250, egress: 60, requests: 3, total: 1313 })
})

test('files of the site cost their room only', () => {
  expect(asItIs(tiers('here'), MONTH, PRICES)).toEqual({ storage: 1150, egress: 0, requests: 0, total: 1150 })
})

test('with everything in the cloud originals are kept there and whatever viewers get leaves it', () => {
  expect(everythingInTheCloud(tiers('here'), MONTH, PRICES)).toEqual({
    storage: 2200,
    egress: 610,
    requests: 5,
    total: 2815,
  })
})

test('without compression pyramids and all that is read of them grow', () => {
  expect(noCompression(tiers('cloud'), MONTH, PRICES, 10)).toEqual({
    storage: 4000,
    egress: 6100,
    requests: 5,
    total: 10_105,
  })
  expect(noCompression(tiers('cloud'), MONTH, PRICES, null)).toBeNull()
})

test('some days count as a month', () => {
  expect(monthOf(reads({ tiles: [10, 1] }), 3).tiles).toEqual({ requests: 100, bytes: 10 * GB })
})

test('energy follows the factors', () => {
  const factors = { wattHoursPerGbMoved: 2, wattHoursPerTbHour: 0.5 }
  expect(energyOf(tiers('cloud'), MONTH, factors).wattHours).toEqual({ keeping: 414, moving: 12 })
})

test('prices may be given in part; what is no price is refused', () => {
  expect(pricesSetting.parse('')).toBe(EXAMPLE_PRICES)
  expect(pricesSetting.parse('{"currency":"EUR","cloudGbMonth":0.02}')).toEqual({
    ...EXAMPLE_PRICES,
    currency: 'EUR',
    cloudGbMonth: 0.02,
    source: 'COSTS_PRICES',
  })
  for (const wrong of ['{"cloudGbMonth":-1}', '{"cloudGb":1}', '0.02', 'cheap'])
    expect(pricesSetting.safeParse(wrong).success).toBe(false)
})
