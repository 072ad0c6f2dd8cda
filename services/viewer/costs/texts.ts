/** The cost view as words and numbers; pure. */
import type { CostsView } from '@coverslip/proto/api/costs.ts'
import { bytesText } from '../slide/units.ts'

/** `USD 1,234`, `EUR 0.05`: cents below a hundred. */
export function moneyText(amount: number, currency: string): string {
  const digits = amount >= 100 ? 0 : 2
  const number = amount.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${currency} ${amount > 0 && amount < 0.01 ? '< 0.01' : number}`
}

export const countText = (count: number): string => Math.round(count).toLocaleString('en')

const TIERS = [
  ['original', 'Originals'],
  ['pyramid', 'Pyramids'],
  ['stage', 'Copies near the readers'],
] as const

export interface TierRow {
  name: string
  objects: string
  bytes: string
  place: string
}

export const tierRows = ({ tiers }: CostsView): TierRow[] =>
  TIERS.map(([tier, name]) => ({
    name,
    objects: countText(tiers[tier].objects),
    bytes: bytesText(tiers[tier].bytes),
    place: tiers[tier].place === 'cloud' ? 'Object store' : 'Files of this site',
  }))

const READS = [
  ['served', 'Tiles that viewers got'],
  ['tiles', 'Read from the pyramids’ store for tiles'],
  ['staging', 'Read from it for copies near the readers'],
  ['downloads', 'Read from it for downloads'],
  ['spared', 'Read from the copies instead'],
] as const

export const readRows = ({ usage }: CostsView): { name: string; requests: string; bytes: string }[] =>
  READS.map(([purpose, name]) => ({
    name,
    requests: countText(usage[purpose].requests),
    bytes: bytesText(usage[purpose].bytes),
  }))

const SCENARIOS = [
  ['asItIs', 'As it is'],
  ['everythingInTheCloud', 'Everything in the cloud'],
  ['noCompression', 'Everything in the cloud, without compression'],
] as const

export interface MonthRow {
  name: string
  /** Null: it cannot be told. */
  cells: { storage: string; egress: string; requests: string; total: string } | null
  /** As much as the first row, how often; empty where that says nothing. */
  times: string
}

export function monthRows({ estimate, prices: { currency } }: CostsView): MonthRow[] {
  return SCENARIOS.map(([scenario, name]) => {
    const month = estimate[scenario]
    if (!month) return { name, cells: null, times: '' }
    const text = (amount: number): string => moneyText(amount, currency)
    const times = estimate.asItIs.total > 0 ? month.total / estimate.asItIs.total : 0
    return {
      name,
      cells: {
        storage: text(month.storage),
        egress: text(month.egress),
        requests: text(month.requests),
        total: text(month.total),
      },
      times: scenario === 'asItIs' || times === 0 ? '' : `${times.toPrecision(2)}×`,
    }
  })
}

const FEW_DAYS = 7

/** The days that figures are sums of. */
export function daysText({ usage: { since, days } }: CostsView): string {
  if (since === null) return 'Nothing was read yet.'
  const told = `Since ${since}: ${days} ${days === 1 ? 'day' : 'days'}, counted as a month above.`
  return days < FEW_DAYS ? `${told} That is rough: copies are made once, and few days tell little.` : told
}
