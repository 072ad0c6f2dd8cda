/** Rendered pictures: any rectangle of a slide at any size, in plain words and in those of the IIIF Image API. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'

const pixels = z.coerce
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1)

const region = z.object({
  x: pixels.default(0),
  y: pixels.default(0),
  /** To the right and lower edge when it is not given. */
  width: pixels.min(1).optional(),
  height: pixels.min(1).optional(),
  /** `512`: the longer side; `512,384`: both. */
  size: z
    .string()
    .regex(/^[1-9]\d{0,4}(?:,[1-9]\d{0,4})?$/, 'expected pixels such as 512 or 512,384')
    .optional(),
  /** Degrees clockwise. */
  rotation: z.coerce.number().min(0).max(360).default(0),
  mirror: z.stringbool().default(false),
  quality: z.enum(['colour', 'grey', 'bitonal']).default('colour'),
  /** The slide's colour profile: left out, written into the picture, or applied, so that the picture is sRGB. */
  icc: z.enum(['ignore', 'embed', 'srgb']).default('ignore'),
})

/** The path of an IIIF image service of either version. */
const iiif = (version: 2 | 3): RouteSpec[] => [
  {
    method: 'GET',
    path: `/iiif/${version}/{id}`,
    module: 'tiles',
    access: 'slide.read',
    summary: `IIIF Image API ${version}: leads to info.json`,
    status: 303,
    raw: 'http',
  },
  {
    method: 'GET',
    path: `/iiif/${version}/{id}/info.json`,
    module: 'tiles',
    access: 'slide.read',
    summary: `IIIF Image API ${version}: what the slide is`,
    answer: 'application/ld+json',
    raw: 'http',
  },
  {
    method: 'GET',
    path: `/iiif/${version}/{id}/{region}/{size}/{rotation}/{quality}.{format}`,
    module: 'tiles',
    access: 'slide.read',
    summary: `IIIF Image API ${version}: a picture; format: jpg, png, webp or avif`,
    answer: 'image/*',
    raw: 'http',
  },
]

export const pictureRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/tiles/{id}/{rendition}/region.{format}',
    module: 'tiles',
    access: 'slide.read',
    summary: 'Any rectangle of level-0 pixels at any size; format: jpeg, webp, png or avif',
    query: region,
    answer: 'image/*',
    raw: 'http',
  },
  {
    method: 'GET',
    path: '/tiles/{id}/{rendition}/icc',
    module: 'tiles',
    access: 'slide.read',
    summary: 'The ICC profile of a rendition',
    answer: 'application/vnd.iccprofile',
    raw: 'http',
  },
  ...iiif(3),
  ...iiif(2),
]
