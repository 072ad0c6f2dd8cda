import type { CostsView } from '@coverslip/proto/api/costs.ts'
import { describe, expect, it } from 'vitest'
import { daysText, moneyText, monthRows, readRows, tierRows } from './texts.ts'

const reads = { requests: 1200, bytes: 5_000_000 }
const view: CostsView = {
  tiers: {
    original: { objects: 2, bytes: 4e9, place: 'here' },
    pyramid: { objects: 2, bytes: 4e8, place: 'cloud' },
    stage: { objects: 0, bytes: 0, place: 'here' },
  },
  pixelBytes: 4e10,
  usage: { since: '2026-11-21', days: 2, tiles: reads, staging: reads, downloads: reads, spared: reads, served: reads },
  prices: {
    ...{ currency: 'EUR', cloudGbMonth: 1, cloudEgressGb: 1, cloudReads10k: 1, hereGbMonth: 1 },
    source: 'a test',
  },
  estimate: {
    asItIs: { storage: 90, egress: 8, requests: 2, total: 100 },
    everythingInTheCloud: { storage: 900, egress: 90, requests: 10, total: 1000 },
    noCompression: null,
  },
  energy: {
    wattHours: { keeping: 1, moving: 2 },
    factors: { wattHoursPerGbMoved: 1, wattHoursPerTbHour: 0.65 },
  },
}

describe('the cost view', () => {
  it('names amounts as people do', () => {
    expect([0, 0.001, 0.5, 99.999, 1234.4].map(amount => moneyText(amount, 'USD'))).toEqual([
      'USD 0.00',
      'USD < 0.01',
      'USD 0.50',
      'USD 100.00',
      'USD 1,234',
    ])
  })
  it('says how many times the present costs the others would be', () => {
    const [now, cloud, plain] = monthRows(view)
    expect(now).toMatchObject({ times: '', cells: { total: 'EUR 100' } })
    expect(cloud).toMatchObject({ times: '10×', cells: { total: 'EUR 1,000' } })
    expect(plain).toMatchObject({ times: '', cells: null })
  })
  it('shows tiers and reads', () => {
    expect(tierRows(view)[1]).toEqual({ name: 'Pyramids', objects: '2', bytes: '400 MB', place: 'Object store' })
    expect(readRows(view)[0]).toEqual({ name: 'Tiles that viewers got', requests: '1,200', bytes: '5 MB' })
    expect(daysText(view)).toContain('2 days')
    expect(daysText({ ...view, usage: { ...view.usage, since: null } })).toBe('Nothing was read yet.')
  })
})
