/** Intake: on-prem only. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { intakeSlide, paging, watchedFolders } from './schemas.ts'

export const intakeRoutes: readonly RouteSpec[] = [
  {
    method: 'POST',
    path: '/api/intake/uploads',
    module: 'ingest',
    access: 'intake.write',
    summary: 'Begin a resumable upload (tus 1.0)',
    status: 201,
    raw: 'http',
    ownSpans: true,
  },
  {
    method: 'OPTIONS',
    path: '/api/intake/uploads',
    module: 'ingest',
    access: 'intake.write',
    summary: 'What the tus server can do',
    status: 204,
    raw: 'http',
    ownSpans: true,
  },
  ...(['HEAD', 'PATCH', 'DELETE', 'OPTIONS', 'GET'] as const).map(
    (method): RouteSpec => ({
      method,
      path: '/api/intake/uploads/{uploadId}',
      module: 'ingest',
      access: 'intake.write',
      summary: method === 'GET' ? 'Always 405: a source is never given out' : 'Resumable upload (tus 1.0)',
      status: method === 'GET' ? 405 : 204,
      raw: 'http',
      ownSpans: true,
    }),
  ),
  {
    method: 'GET',
    path: '/api/intake/slides',
    module: 'intake',
    access: 'intake.read',
    summary: 'Slides on their way in, newest first',
    query: z.object(paging),
    answer: z.object({ slides: z.array(intakeSlide), nextCursor: z.string().nullable() }),
  },
  {
    method: 'GET',
    path: '/api/intake/slides/{id}',
    module: 'intake',
    access: 'intake.read',
    summary: 'One slide on its way in',
    answer: intakeSlide,
  },
  {
    method: 'GET',
    path: '/api/intake/watch',
    module: 'ingest',
    access: 'intake.read',
    summary: 'What the watched folders have seen, and why a file of them was not taken',
    answer: watchedFolders,
  },
  {
    method: 'DELETE',
    path: '/api/intake/slides/{id}',
    module: 'intake',
    access: 'slide.delete',
    summary: 'Delete a slide that never came out of intake, its source included',
    status: 204,
  },
]
