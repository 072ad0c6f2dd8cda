/** Overlays: heat maps over slides, as tiles of their own. */
import { z } from 'zod'
import { PALETTE_NAMES } from './palettes.ts'
import type { RouteSpec } from './route.ts'
import { uuid } from './schemas.ts'

const place = z.coerce.number().min(-1e7).max(1e7)
const side = z.coerce.number().positive().max(1e7)
const value = z.coerce.number()

const newOverlay = z.object({
  /** Of what is measured. */
  name: z.string().trim().min(1).max(100),
  /** Level-0 pixels that the grid covers; the whole slide unless told. */
  x: place.default(0),
  y: place.default(0),
  width: side.optional(),
  height: side.optional(),
  /** The values at the ends of the colours; the smallest and the largest unless told. */
  min: value.optional(),
  max: value.optional(),
})

export const overlayView = z.object({
  id: uuid,
  name: z.string(),
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  /** Of the grid. */
  columns: z.int(),
  rows: z.int(),
  /** The smallest and the largest value. */
  low: z.number(),
  high: z.number(),
  /** The ends of the colours unless a tile is asked for with others. */
  min: z.number(),
  max: z.number(),
  createdAt: z.string(),
})
export type OverlayView = z.infer<typeof overlayView>

const overlayList = z.object({ overlays: z.array(overlayView) })
export type OverlayList = z.infer<typeof overlayList>

/** How a tile is coloured. Values below `min` are left out, those above `max` have the last colour. */
const looks = z.object({
  palette: z.enum(PALETTE_NAMES).default('viridis'),
  opacity: z.coerce.number().min(0).max(1).default(1),
  min: value.optional(),
  max: value.optional(),
})
export type OverlayLooks = z.infer<typeof looks>

export const overlayRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/slides/{id}/overlays',
    module: 'tiles',
    access: 'slide.read',
    summary: 'The heat maps over a slide',
    answer: overlayList,
  },
  {
    method: 'POST',
    path: '/api/slides/{id}/overlays',
    module: 'tiles',
    access: 'annotation.write',
    summary: 'Lay a heat map over a slide: a grid of values as npy, PNG, TIFF or rows of JSON',
    query: newOverlay,
    bodyType: 'application/octet-stream',
    status: 201,
    answer: overlayView,
  },
  {
    method: 'DELETE',
    path: '/api/slides/{id}/overlays/{overlay}',
    module: 'tiles',
    access: 'annotation.write',
    summary: 'Delete a heat map',
    status: 204,
  },
  {
    method: 'GET',
    path: '/tiles/{id}/overlays/{overlay}/{level}/{x}_{y}.png',
    module: 'tiles',
    access: 'slide.read',
    summary: 'A tile of a heat map, transparent where there is no value; level 0 is the full size, each next one half',
    query: looks,
    answer: 'image/png',
    raw: 'http',
    ownSpans: true,
  },
]
