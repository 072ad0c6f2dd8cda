import { bytes, duration, integer, type Settings, type ValuesOf } from '@coverslip/platform/config.ts'
import { z } from 'zod'
import { pricesSetting } from './costs/prices.ts'

/** A number that is not negative. */
const factor: z.ZodType<number, string> = z.string().transform((value, context) => {
  const number = Number(value)
  if (value !== '' && Number.isFinite(number) && number >= 0) return number
  context.addIssue('expected a number of 0 or more')
  return z.NEVER
})

const origins: z.ZodType<readonly string[], string> = z.string().transform((value, context) => {
  const list = value.split(',').flatMap(one => one.trim() || [])
  if (list.every(one => /^https?:\/\/[^/,\s]+$/.test(one))) return list
  context.addIssue('expected origins such as https://viewer.example.org, with commas between')
  return z.NEVER
})

export const config = {
  TILES_WORKERS: {
    type: integer(1, 64),
    default: '1',
    help: 'Processes of this service that share its ports, one per core; each has its own memory, and more than 1 want a database server. Together with other services in one process it is 1',
  },
  TILES_MEMORY: {
    type: bytes,
    default: '128m',
    help: 'Tiles, and the indexes of open slides (at most half of it), kept in the memory of a process',
  },
  TILES_OPEN_SLIDES: {
    type: integer(1, 100_000),
    default: '500',
    help: 'Slides that a process keeps open, with their files',
  },
  TILES_SLIDE_IDLE: { type: duration, default: '10m', help: 'A slide that nobody looks at is closed after so long' },
  TILES_READERS: {
    type: integer(1, 1000),
    default: '8',
    help: 'Originals that a process holds open with OpenSlide, each a child process, until their pyramids are there',
  },
  TILES_COPIES: {
    type: bytes,
    default: '20g',
    help: 'Room in the scratch folder for copies of originals that OpenSlide reads (object stores other than files), shared evenly by the processes; a larger one is seen when its pyramid is there',
  },
  TILES_DECODES: {
    type: integer(0, 256),
    default: '0',
    help: 'Pictures (regions, IIIF, tiles that are not stored) that a process renders at once, each on a thread; 0: one per core, at most three: each takes about 50 MiB',
  },
  TILES_DECODE_QUEUE: {
    type: integer(0, 100_000),
    default: '256',
    help: 'Pictures that wait to be rendered; who comes then is told to come again (503)',
  },
  TILES_CACHE_TTL: { type: duration, default: '24h', help: 'How long the shared cache keeps a tile' },
  TILES_ORIGINS: {
    type: origins,
    default: '',
    help: 'Other web sites whose viewers may show pictures: origins such as https://viewer.example.org, with commas between',
  },
  TILES_TRACE_EVERY: {
    type: integer(1, 1_000_000),
    default: '100',
    help: 'One tile in so many is traced; the first of a slide always is',
  },
  STAGE_QUOTA: {
    type: bytes,
    default: '500g',
    help: 'Copies of pyramids on the stage (OBJECTS_STAGE_URL) take at most so many bytes, over all processes',
  },
  STAGE_RATE: {
    type: bytes.refine(value => value > 0, 'expected a size such as 64m'),
    default: '64m',
    help: 'Bytes a second that copies of one process may read; each is read twice, from its store and back from the stage',
  },
  STAGE_COPIES: {
    type: integer(0, 16),
    default: '1',
    help: 'Pyramids that one process copies to the stage at once; 0: it leaves that to others',
  },
  COSTS_PRICES: {
    type: pricesSetting,
    default: '',
    help: 'Prices of the cost view as JSON: currency, cloudGbMonth, cloudEgressGb, cloudReads10k, hereGbMonth, source; empty: an example',
  },
  ENERGY_WH_PER_GB_MOVED: {
    type: factor,
    default: '1',
    help: 'For the estimate of the cost view, as in quality reports: energy to move 10^9 bytes',
  },
  ENERGY_WH_PER_TB_HOUR: {
    type: factor,
    default: '0.65',
    help: 'For the estimate of the cost view, as in quality reports: energy to keep 10^12 bytes for an hour',
  },
} satisfies Settings

/** The factors of the energy estimate, as the cost view shows them. */
export const energyFactors = (values: ValuesOf<typeof config>) => ({
  wattHoursPerGbMoved: values.ENERGY_WH_PER_GB_MOVED,
  wattHoursPerTbHour: values.ENERGY_WH_PER_TB_HOUR,
})
