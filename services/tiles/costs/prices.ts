/** What keeping and moving bytes costs; a GB is 10^9 bytes. */
import { z } from 'zod'

const price = z.number().min(0)
export const prices = z.strictObject({
  currency: z.string().min(1).max(8),
  /** Of an object store: a GB kept for a month, a GB that leaves it, ten thousand reads. */
  cloudGbMonth: price,
  cloudEgressGb: price,
  cloudReads10k: price,
  /** Of files of this site. */
  hereGbMonth: price,
  /** Where the figures are from, and of when. */
  source: z.string().max(300),
})
export type Prices = z.infer<typeof prices>

/** An example to compare with, not anybody's bill. */
export const EXAMPLE_PRICES: Prices = {
  currency: 'USD',
  cloudGbMonth: 0.023,
  cloudEgressGb: 0.09,
  cloudReads10k: 0.004,
  hereGbMonth: 0.01,
  source: 'Example: list prices of Amazon S3 Standard, us-east-1, first tiers, 2025; a NAS assumed at 0.01 a GB',
}

/** Prices as JSON; what is left out is that of the example. */
export const pricesSetting: z.ZodType<Prices, string> = z.string().transform((value, context) => {
  if (value === '') return EXAMPLE_PRICES
  try {
    return { ...EXAMPLE_PRICES, source: 'COSTS_PRICES', ...prices.partial().parse(JSON.parse(value)) } as Prices
  } catch {
    context.addIssue(`expected {"currency":"EUR","cloudGbMonth":0.02,…} with ${Object.keys(EXAMPLE_PRICES).join(', ')}`)
    return z.NEVER
  }
})
