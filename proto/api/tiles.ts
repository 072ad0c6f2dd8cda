/**
 * Tiles. A rendition (`3`, `3-original`) is something that a slide can be seen from; addresses that name one mean the
 * same bytes for ever. In templates that match the same paths the first counts.
 */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'

const index = z.int().min(0).max(9_999_999)

/** Tiles of levels as they are stored, 0 being the full size. */
const tileBatch = z.strictObject({
  tiles: z
    .array(z.strictObject({ level: index, x: index, y: index }))
    .min(1)
    .max(256),
  format: z.enum(['jpeg', 'webp', 'png', 'avif']).default('jpeg'),
})
export type TileBatch = z.infer<typeof tileBatch>

export const tilesRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/tiles/{id}.dzi',
    module: 'tiles',
    access: 'slide.read',
    summary: 'Leads to the Deep Zoom description of the rendition to show now',
    status: 302,
    raw: 'http',
  },
  {
    method: 'GET',
    path: '/tiles/{id}/{rendition}.dzi',
    module: 'tiles',
    access: 'slide.read',
    summary: 'Deep Zoom description of a rendition',
    answer: 'application/xml',
    raw: 'http',
  },
  {
    method: 'GET',
    path: '/tiles/{id}/{rendition}_files/{level}/{x}_{y}.{format}',
    module: 'tiles',
    access: 'slide.read',
    summary: 'One Deep Zoom tile; format: jpeg, webp, png or avif',
    answer: 'image/*',
    raw: 'http',
    ownSpans: true,
  },
  {
    method: 'GET',
    path: '/tiles/{id}/{rendition}/{level}/{x}_{y}.{format}',
    module: 'tiles',
    access: 'slide.read',
    summary: 'One tile of a level as it is stored, 0 being the full size; format: jpeg, webp, png or avif',
    answer: 'image/*',
    raw: 'http',
    ownSpans: true,
  },
  {
    method: 'GET',
    path: '/tiles/{id}/{rendition}/{level}/{x}_{y}',
    module: 'tiles',
    access: 'slide.read',
    summary: 'One tile of a level as it is stored, as JPEG',
    answer: 'image/jpeg',
    raw: 'http',
    ownSpans: true,
  },
  {
    method: 'POST',
    path: '/tiles/{id}/{rendition}/batch',
    module: 'tiles',
    access: 'slide.read',
    summary: 'Up to 256 tiles in one answer, in order: a file each, or why there is none (`not-found`)',
    body: tileBatch,
    readOnly: true,
    answer: 'multipart/form-data',
  },
  {
    method: 'GET',
    path: '/tiles/{id}/thumbnail.jpeg',
    module: 'tiles',
    access: 'slide.read',
    summary: 'The whole slide within max x max pixels',
    query: z.object({ max: z.coerce.number().int().min(16).max(2048).default(512) }),
    answer: 'image/jpeg',
    raw: 'http',
  },
]
