/** Slides and their renditions. */
import { z } from 'zod'
import { qualityReport } from './quality.ts'
import type { RouteSpec } from './route.ts'
import { paging, search, slide } from './schemas.ts'

export const slidesRoutes: readonly RouteSpec[] = [
  {
    method: 'GET',
    path: '/api/slides',
    module: 'public',
    access: 'slide.read',
    summary: 'Slides, newest first',
    query: z.object({ ...paging, q: search.optional() }),
    answer: z.object({ slides: z.array(slide), nextCursor: z.string().nullable() }),
  },
  {
    method: 'GET',
    path: '/api/slides/{id}',
    module: 'public',
    access: 'slide.read',
    summary: 'One slide',
    answer: slide,
  },
  {
    method: 'DELETE',
    path: '/api/slides/{id}',
    module: 'public',
    access: 'slide.delete',
    summary: 'Delete a slide: every rendition, cache entry and copy',
    status: 204,
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/deidentification',
    module: 'public',
    access: 'slide.read',
    summary: 'What de-identification removed, by place, kind and length',
    answer: 'application/json',
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/deidentification/page',
    module: 'deidentify',
    access: 'slide.read',
    summary: 'The report on de-identification as a page to read and print',
    answer: 'text/html',
  },
  {
    method: 'GET',
    path: '/api/deidentification/key',
    module: 'deidentify',
    access: 'user',
    summary: 'The public key that the reports of this site are signed for',
    answer: z.object({ algorithm: z.literal('Ed25519'), keyId: z.string(), publicKey: z.string() }),
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/quality',
    module: 'public',
    access: 'slide.read',
    summary: 'What the pyramid costs, and how near it is to its source',
    answer: qualityReport,
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/original',
    module: 'deidentify',
    access: 'slide.download',
    summary: 'Download the de-identified original (Range)',
    answer: 'application/octet-stream',
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/pyramid',
    module: 'tiles',
    access: 'slide.download',
    summary: 'Download the pyramid (Range)',
    answer: 'image/tiff',
  },
  {
    method: 'POST',
    path: '/api/slides/{id}/grant',
    module: 'public',
    access: 'slide.read',
    summary: 'A short-lived grant for the tiles of this slide',
    answer: z.object({ grant: z.string(), expiresAt: z.string() }),
  },
]
