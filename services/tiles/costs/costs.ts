/** The cost view: what is kept, what was read, and what that comes to. */
import type { Db } from '@coverslip/platform/db/port.ts'
import type { HttpHandler } from '@coverslip/platform/module.ts'
import type { ReadableObjects } from '@coverslip/platform/objects/port.ts'
import type { CostsView } from '@coverslip/proto/api/costs.ts'
import { sql } from 'kysely'
import { stagedTotals } from '../stage/pins.ts'
import type { Tables } from '../store.ts'
import {
  asItIs,
  DAYS_OF_MONTH,
  energyOf,
  everythingInTheCloud,
  monthOf,
  noCompression,
  type Tiers,
} from './estimate.ts'
import type { Prices } from './prices.ts'
import { PURPOSES, type Purpose, type Reads, type Usage } from './usage.ts'

export interface CostsDeps {
  db: Db<Tables>
  usage: Pick<Usage, 'save'>
  /** Where the tiers are. */
  stores: Readonly<Record<keyof Tiers, Pick<ReadableObjects, 'location'>>>
  prices: Prices
  factors: CostsView['energy']['factors']
}

export function costsRoutes(deps: CostsDeps): Record<string, HttpHandler> {
  return {
    'GET /api/costs': async call => {
      // The site's bill is not one project's business.
      call.allow({ project: '*' })
      return { headers: { 'cache-control': 'no-store' }, body: await costsOf(deps) }
    },
  }
}

export async function costsOf({ db, usage, stores, prices, factors }: CostsDeps): Promise<CostsView> {
  await usage.save()
  const { renditions, ratio, pixelBytes } = await keptBytes(db)
  const staged = await stagedTotals(db)
  const place = (tier: keyof Tiers) => ({ place: stores[tier].location.scheme === 's3' ? 'cloud' : 'here' }) as const
  const tiers: Tiers = {
    original: { ...renditions.original, ...place('original') },
    pyramid: { ...renditions.pyramid, ...place('pyramid') },
    stage: { objects: staged.objects, bytes: staged.bytes, ...place('stage') },
  }
  const { reads, since, days } = await lastReads(db)
  const month = monthOf(reads, days)
  return {
    tiers,
    pixelBytes,
    usage: { since, days, ...reads },
    prices,
    estimate: {
      asItIs: asItIs(tiers, month, prices),
      everythingInTheCloud: everythingInTheCloud(tiers, month, prices),
      noCompression: noCompression(tiers, month, prices, ratio),
    },
    energy: energyOf(tiers, month, factors),
  }
}

/** What slides are seen from, by kind; `ratio`: how much larger originals are than their pyramids, where both are here. */
async function keptBytes(db: Db<Tables>) {
  const rows = await db.query
    .selectFrom('renditions')
    .select(({ fn }) => [
      'kind',
      fn.countAll<number>().as('objects'),
      fn.sum<string>('bytes').as('bytes'),
      sql<string>`sum(width::bigint * height * 3)`.as('pixels'),
    ])
    .groupBy('kind')
    .execute()
  const of = (kind: 'original' | 'pyramid') => {
    const row = rows.find(found => found.kind === kind)
    return { objects: Number(row?.objects ?? 0), bytes: Number(row?.bytes ?? 0) }
  }
  const both = await db.query
    .selectFrom('renditions as original')
    .innerJoin('renditions as pyramid', join =>
      join.onRef('pyramid.slide_id', '=', 'original.slide_id').onRef('pyramid.revision', '=', 'original.revision'),
    )
    .select(({ fn }) => [
      fn.sum<string | null>('original.bytes').as('original'),
      fn.sum<string | null>('pyramid.bytes').as('pyramid'),
    ])
    .where('original.kind', '=', 'original')
    .where('pyramid.kind', '=', 'pyramid')
    .executeTakeFirstOrThrow()
  const pixels = rows.find(({ kind }) => kind === 'pyramid')?.pixels
  return {
    renditions: { original: of('original'), pyramid: of('pyramid') },
    ratio: Number(both.pyramid) > 0 ? Number(both.original) / Number(both.pyramid) : null,
    pixelBytes: Number(pixels ?? 0),
  }
}

/** The reads of the last thirty days, or of those since the first. */
async function lastReads(db: Db<Tables>) {
  const today = sql<Date>`(now() at time zone 'UTC')::date`
  const rows = await db.query
    .selectFrom('usage')
    .select(({ fn }) => [
      'purpose',
      fn.sum<string>('requests').as('requests'),
      fn.sum<string>('bytes').as('bytes'),
      sql<string>`min(day)::text`.as('since'),
      sql<number>`${today} - min(day) + 1`.as('days'),
    ])
    .where('day', '>', sql<string>`${today} - ${DAYS_OF_MONTH}::integer`)
    .groupBy('purpose')
    .execute()
  const of = (purpose: Purpose): Reads => {
    const row = rows.find(found => found.purpose === purpose)
    return { requests: Number(row?.requests ?? 0), bytes: Number(row?.bytes ?? 0) }
  }
  const reads = Object.fromEntries(PURPOSES.map(purpose => [purpose, of(purpose)])) as Record<Purpose, Reads>
  const since = rows.map(row => row.since).sort()[0] ?? null
  return { reads, since, days: Math.max(1, ...rows.map(({ days }) => Number(days))) }
}
