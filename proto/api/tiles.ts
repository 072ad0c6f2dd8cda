/** Tiles: Deep Zoom, tile 256, overlap 0. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'

export const tilesRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/tiles/{id}.dzi',
    module: 'tiles',
    access: 'slide.read',
    summary: 'Deep Zoom description',
    answer: 'application/xml',
    raw: 'http',
  },
  {
    method: 'GET',
    path: '/tiles/{id}_files/{level}/{x}_{y}.jpeg',
    module: 'tiles',
    access: 'slide.read',
    summary: 'One tile',
    answer: 'image/jpeg',
    raw: 'http',
    ownSpans: true,
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
