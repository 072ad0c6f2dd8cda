/** What the pyramid of a slide costs, and how near it is to its source. */
import { z } from 'zod'
import { uuid } from './schemas.ts'

/** One level against the source, averaged 2x2 as often as the level says, on regions that are the same at each run. */
const level = z.object({
  level: z.int(),
  /** Regions over which the two figures are means. */
  samples: z.int(),
  /** dB over RGB samples; 99 stands for equal pictures. */
  psnr: z.number(),
  /** Wang et al. 2004, on luma. */
  ssim: z.number(),
})

export const qualityReport = z.object({
  slide: uuid,
  revision: z.int(),
  madeAt: z.string(),
  /** HE, IHC, SPECIAL or FLUORESCENCE; null: unknown. */
  technique: z.string().nullable(),
  /** Null where de-identification made the pyramid. */
  coding: z.object({ quality: z.int(), subsampling: z.enum(['4:2:0', '4:4:4']) }).nullable(),
  /** Bytes. `pixels`: uncompressed, of level 0. */
  sizes: z.object({ source: z.number(), original: z.number().nullable(), pyramid: z.number(), pixels: z.number() }),
  /** How much smaller the pyramid is, in percent; negative where it is larger. */
  reduction: z.object({ ofSource: z.number().nullable(), ofOriginal: z.number().nullable(), ofPixels: z.number() }),
  /** SHA-256, hexadecimal. */
  checksums: z.object({ original: z.string().nullable(), pyramid: z.string() }),
  levels: z.array(level),
  /** Parts that workers built, and how often one had to be begun anew. */
  parts: z.object({ count: z.int(), repeated: z.int() }),
  /** From the first part to the announcement; of all workers together. */
  seconds: z.object({ wall: z.number(), cpu: z.number() }),
  /** Between workers and object stores; kept in the end. */
  bytes: z.object({ moved: z.number(), stored: z.number() }),
  /** An estimate: what was counted times configured factors. */
  energy: z.object({
    wattHours: z.object({ computing: z.number(), moving: z.number(), keepingForAYear: z.number() }),
    factors: z.object({ wattsPerCore: z.number(), wattHoursPerGbMoved: z.number(), wattHoursPerTbHour: z.number() }),
  }),
})
export type QualityReport = z.infer<typeof qualityReport>
