/** What the slides cost to keep and to show. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'

const tier = z.object({
  objects: z.int(),
  bytes: z.number(),
  /** `cloud`: an object store; `here`: files of this site. */
  place: z.enum(['cloud', 'here']),
})

const reads = z.object({ requests: z.number(), bytes: z.number() })

/** What a month costs, in the currency of the prices. */
const month = z.object({ storage: z.number(), egress: z.number(), requests: z.number(), total: z.number() })

export const costsView = z.object({
  /** De-identified originals, pyramids, and copies of pyramids near the readers. */
  tiers: z.object({ original: tier, pyramid: tier, stage: tier }),
  /** Uncompressed: level 0 of every slide, three bytes a pixel. */
  pixelBytes: z.number(),
  /** What was read out of the stores of originals and pyramids: for tiles, for copies to the stage, for downloads. */
  usage: z.object({
    since: z.string().nullable(),
    /** Over which the figures below are sums; at most 30. */
    days: z.number(),
    tiles: reads,
    staging: reads,
    downloads: reads,
    /** Reads that the stage answered instead. */
    spared: reads,
    /** Tiles as viewers got them, wherever they were. */
    served: reads,
  }),
  prices: z.object({
    currency: z.string(),
    cloudGbMonth: z.number(),
    cloudEgressGb: z.number(),
    cloudReads10k: z.number(),
    hereGbMonth: z.number(),
    source: z.string(),
  }),
  /** `noCompression`: everything in the cloud, pyramids as large as their originals; null where originals are not known. */
  estimate: z.object({ asItIs: month, everythingInTheCloud: month, noCompression: month.nullable() }),
  /** An estimate by configured factors, for a month. */
  energy: z.object({
    wattHours: z.object({ keeping: z.number(), moving: z.number() }),
    factors: z.object({ wattHoursPerGbMoved: z.number(), wattHoursPerTbHour: z.number() }),
  }),
})
export type CostsView = z.infer<typeof costsView>

export const costsRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/costs',
    module: 'tiles',
    access: 'costs.read',
    summary: 'Bytes by tier, what was read, and what a month costs, beside everything in the cloud and no compression',
    answer: costsView,
  },
]
