import { bytes, integer, readBy, type Settings, type ValuesOf } from '@coverslip/platform/config.ts'
import { CODINGS_FORM, readCodings } from '@coverslip/wsi/convert/codings.ts'
import { z } from 'zod'

/** A number that is not negative. */
const factor: z.ZodType<number, string> = z.string().transform((value, context) => {
  const number = Number(value)
  if (value !== '' && Number.isFinite(number) && number >= 0) return number
  context.addIssue('expected a number of 0 or more')
  return z.NEVER
})

/** A share from 0 to 1. */
const share: z.ZodType<number, string> = factor.refine(value => value <= 1, 'expected a number from 0 to 1')

export const config = {
  PYRAMID_CONCURRENCY: {
    type: integer(1, 64),
    default: '1',
    help: 'Parts of slides, and assemblies, in work at once in one process',
  },
  PYRAMID_THREADS: {
    type: integer(0, 256),
    default: '0',
    help: 'Threads that build one part; 0: one per core',
  },
  PYRAMID_PART_SIZE: {
    type: integer(1024, 65_536),
    default: '8192',
    help: 'Edge of a part in level-0 pixels: a power of two times 256',
  },
  PYRAMID_WINDOW: {
    type: integer(1, 1024),
    default: '8',
    help: 'Parts of one slide that wait for workers at once. As many workers can share one slide; the smaller, the sooner a second slide has its turn',
  },
  PYRAMID_COPIES: {
    type: bytes,
    default: '100g',
    help: 'Room for copies of originals in the scratch folder that nobody works on at the moment (object stores other than files)',
  },
  PYRAMID_CODINGS: {
    type: readBy(readCodings, CODINGS_FORM),
    default: '',
    help: 'JPEG quality, chroma sampling and lowest quality by technique, as JSON; replaces those of the built-in table that it names',
  },
  PYRAMID_SSIM_FLOOR: {
    type: share,
    default: '0.5',
    help: 'A pyramid whose level 0 is less similar to its source (SSIM on sampled regions) is refused',
  },
  ENERGY_WATTS_PER_CORE: {
    type: factor,
    default: '10',
    help: 'For the estimate in quality reports: power of one busy core',
  },
  ENERGY_WH_PER_GB_MOVED: {
    type: factor,
    default: '1',
    help: 'For the estimate in quality reports: energy to move 10^9 bytes (Cloud Carbon Footprint: 1 Wh)',
  },
  ENERGY_WH_PER_TB_HOUR: {
    type: factor,
    default: '0.65',
    help: 'For the estimate in quality reports: energy to keep 10^12 bytes for an hour (Cloud Carbon Footprint: 0.65 Wh on hard disks)',
  },
} satisfies Settings

/** The factors of the energy estimate, as reports show them. */
export const energyFactors = (values: ValuesOf<typeof config>) => ({
  wattsPerCore: values.ENERGY_WATTS_PER_CORE,
  wattHoursPerGbMoved: values.ENERGY_WH_PER_GB_MOVED,
  wattHoursPerTbHour: values.ENERGY_WH_PER_TB_HOUR,
})
