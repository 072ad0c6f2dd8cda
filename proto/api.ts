/**
 * THE SURFACE: every HTTP route of every module, who may call it, and what it takes. Modules implement exactly the
 * routes listed for them (checked at start); the OpenAPI document, the front's routing and the test that walks every
 * route with wrong credentials derive from this table.
 */
import { z } from 'zod'
import type { ServiceName } from './flow.ts'

/** What somebody wants to do to something of a project; see platform/auth/policy.ts for who may. */
export type Action =
  | 'slide.read'
  | 'slide.download'
  | 'slide.delete'
  | 'annotation.read'
  | 'annotation.write'
  | 'intake.read'
  | 'intake.write'
  | 'user.invite'
  | 'user.list'
  | 'audit.read'

/**
 * `anyone`: no credentials (health, sign-in, the viewer's files). `user`: whoever is signed in, about themselves.
 * An action: checked against the caller's role in the project concerned.
 */
export type RouteAccess = 'anyone' | 'user' | Action

export interface RouteSpec {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** OpenAPI path template: `/api/slides/{id}`. */
  path: string
  module: ServiceName
  access: RouteAccess
  summary: string
  query?: z.ZodType
  body?: z.ZodType
  /** Media type of the body when it is not JSON. */
  bodyType?: string
  /** Status of success; 200 unless told. */
  status?: number
  /** Schema of a JSON answer, or its media type. */
  answer?: z.ZodType | string
  /** Answered before the HTTP framework (the tile path) or by a library that owns the connection (tus, WebSocket). */
  raw?: 'http' | 'websocket'
  /** The module makes the spans itself: tiles samples, an upload is one trace over several requests. */
  ownSpans?: boolean
}

const text = (max: number) => z.string().trim().min(1).max(max)
export const uuid = z.uuid()
export const slideState = z.enum(['tiling', 'ready', 'failed', 'withdrawn'])
export const intakeState = z.enum(['received', 'deidentifying', 'tiling', 'ready', 'held', 'quarantined', 'failed'])
export const role = z.enum(['owner', 'steward', 'annotator', 'viewer'])

const pseudonyms = z.object({
  subject: z.string().nullable(),
  case: z.string().nullable(),
  specimen: z.string().nullable(),
  block: z.string().nullable(),
  glass: z.string().nullable(),
})

/** A slide as the public lists show it. */
export const slide = z.object({
  id: uuid,
  project: z.string(),
  name: z.string(),
  state: slideState,
  progress: z.number(),
  reason: z.string().nullable(),
  width: z.number(),
  height: z.number(),
  mpp: z.object({ x: z.number(), y: z.number() }).nullable(),
  objectivePower: z.number().nullable(),
  levels: z.array(z.object({ width: z.number(), height: z.number() })),
  format: z.string(),
  revision: z.number(),
  sizes: z.object({ source: z.number(), original: z.number().nullable(), pyramid: z.number().nullable() }),
  pseudonyms,
  createdAt: z.string(),
  changedAt: z.string(),
})
export type Slide = z.infer<typeof slide>

/** A slide on its way in, with its source's name; intake pages only. */
export const intakeSlide = z.object({
  id: uuid,
  project: z.string(),
  sourceName: z.string(),
  state: intakeState,
  progress: z.number(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  sourceBytes: z.number(),
  format: z.string().nullable(),
  receivedAt: z.string(),
  changedAt: z.string(),
})
export type IntakeSlide = z.infer<typeof intakeSlide>

/** RFC 9457. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.string()).optional(),
  traceId: z.string().optional(),
})
export type Problem = z.infer<typeof problem>

export const user = z.object({
  id: z.string(),
  email: z.string().nullable(),
  name: z.string(),
  roles: z.record(z.string(), role),
  level: z.number(),
})
export type User = z.infer<typeof user>

const paging = { limit: z.coerce.number().int().min(1).max(1000).default(100), cursor: z.string().max(500).optional() }
const tokenInfo = z.object({
  id: z.string(),
  label: z.string(),
  kind: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
})
const geojson = z.looseObject({ type: z.enum(['Feature', 'FeatureCollection']) })
const bbox = z
  .string()
  .regex(/^-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3}$/, 'expected x0,y0,x1,y1 in level-0 pixels')
  .optional()

const ok = 'application/octet-stream'
const jpeg = 'image/jpeg'

export const api: readonly RouteSpec[] = [
  // The process itself; platform answers these in every process.
  ...(['/healthz', '/readyz'] as const).map(
    (path): RouteSpec => ({
      method: 'GET',
      path,
      module: 'public',
      access: 'anyone',
      summary: 'Health of the process',
      answer: 'application/json',
    }),
  ),

  // Coming in.
  {
    method: 'POST',
    path: '/api/session',
    module: 'public',
    access: 'anyone',
    summary: 'Redeem a one-time sign-in code for a session cookie',
    body: z.object({ code: text(200) }),
    answer: user,
  },
  { method: 'GET', path: '/api/session', module: 'public', access: 'user', summary: 'Who am I', answer: user },
  {
    method: 'DELETE',
    path: '/api/session',
    module: 'public',
    access: 'user',
    summary: 'Sign out: the session or token of this call is revoked',
    status: 204,
  },
  {
    method: 'POST',
    path: '/api/sign-in-links',
    module: 'public',
    access: 'anyone',
    summary: 'Mail a sign-in link to an account',
    body: z.object({ email: z.email().max(200) }),
    status: 202,
  },
  {
    method: 'POST',
    path: '/api/invitations',
    module: 'public',
    access: 'user.invite',
    summary: 'Invite somebody into a project',
    body: z.object({
      email: z.email().max(200),
      name: text(100).optional(),
      project: text(64).default('default'),
      role,
      level: z.number().int().min(0).max(3).default(0),
    }),
    status: 201,
    answer: z.object({ user, link: z.string(), mailed: z.boolean(), expiresAt: z.string() }),
  },
  {
    method: 'GET',
    path: '/api/users',
    module: 'public',
    access: 'user.list',
    summary: 'Accounts',
    answer: z.object({ users: z.array(user) }),
  },
  {
    method: 'GET',
    path: '/api/tokens',
    module: 'public',
    access: 'user',
    summary: 'My API tokens and sessions',
    answer: z.object({ tokens: z.array(tokenInfo) }),
  },
  {
    method: 'POST',
    path: '/api/tokens',
    module: 'public',
    access: 'user',
    summary: 'Make an API token; it is shown once',
    body: z.object({ label: text(100), days: z.number().int().min(1).max(366).default(90) }),
    status: 201,
    answer: z.object({ token: z.string(), info: tokenInfo }),
  },
  {
    method: 'DELETE',
    path: '/api/tokens/{tokenId}',
    module: 'public',
    access: 'user',
    summary: 'Revoke one of my tokens or sessions',
    status: 204,
  },
  {
    method: 'GET',
    path: '/api/sign-ins',
    module: 'public',
    access: 'audit.read',
    summary: 'Audit of sign-ins',
    answer: z.object({
      signIns: z.array(z.object({ at: z.string(), userId: z.string().nullable(), what: z.string() })),
    }),
  },

  // Intake: on-prem only.
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
    method: 'DELETE',
    path: '/api/intake/slides/{id}',
    module: 'intake',
    access: 'slide.delete',
    summary: 'Delete a slide that never came out of intake, its source included',
    status: 204,
  },

  // Slides.
  {
    method: 'GET',
    path: '/api/slides',
    module: 'public',
    access: 'slide.read',
    summary: 'Slides, newest first',
    query: z.object({ ...paging, q: z.string().max(100).optional() }),
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
    path: '/api/slides/{id}/original',
    module: 'deidentify',
    access: 'slide.download',
    summary: 'Download the de-identified original (Range)',
    answer: ok,
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

  // Tiles: Deep Zoom, tile 256, overlap 0.
  {
    method: 'GET',
    path: '/tiles/{id}.dzi',
    module: 'tiles',
    access: 'slide.read',
    summary: 'Deep Zoom description',
    answer: 'application/xml',
    raw: 'http',
    ownSpans: true,
  },
  {
    method: 'GET',
    path: '/tiles/{id}_files/{level}/{x}_{y}.jpeg',
    module: 'tiles',
    access: 'slide.read',
    summary: 'One tile',
    answer: jpeg,
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
    answer: jpeg,
    raw: 'http',
    ownSpans: true,
  },

  // Annotations: QuPath's GeoJSON.
  {
    method: 'GET',
    path: '/api/slides/{id}/annotations',
    module: 'public',
    access: 'annotation.read',
    summary: 'Annotations as a FeatureCollection',
    query: z.object({ ...paging, bbox }),
    answer: 'application/geo+json',
  },
  {
    method: 'POST',
    path: '/api/slides/{id}/annotations',
    module: 'public',
    access: 'annotation.write',
    summary: 'Create annotations with client-made ids',
    body: geojson,
    status: 201,
    answer: 'application/geo+json',
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/annotations/{annotationId}',
    module: 'public',
    access: 'annotation.read',
    summary: 'One annotation, with its ETag',
    answer: 'application/geo+json',
  },
  {
    method: 'PUT',
    path: '/api/slides/{id}/annotations/{annotationId}',
    module: 'public',
    access: 'annotation.write',
    summary: 'Replace an annotation; If-Match is required',
    body: geojson,
    answer: 'application/geo+json',
  },
  {
    method: 'DELETE',
    path: '/api/slides/{id}/annotations/{annotationId}',
    module: 'public',
    access: 'annotation.write',
    summary: 'Delete an annotation; If-Match is required',
    status: 204,
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/annotations.xml',
    module: 'public',
    access: 'annotation.read',
    summary: 'Export as ImageScope XML',
    answer: 'application/xml',
  },
  {
    method: 'POST',
    path: '/api/slides/{id}/annotations.xml',
    module: 'public',
    access: 'annotation.write',
    summary: 'Import ImageScope XML',
    bodyType: 'application/xml',
    answer: z.object({ imported: z.number(), skipped: z.array(z.string()) }),
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/annotations.geojson',
    module: 'public',
    access: 'annotation.read',
    summary: 'Export all as GeoJSON',
    answer: 'application/geo+json',
  },
  {
    method: 'POST',
    path: '/api/slides/{id}/annotations.geojson',
    module: 'public',
    access: 'annotation.write',
    summary: 'Import GeoJSON of any size',
    bodyType: 'application/geo+json',
    answer: z.object({ imported: z.number(), skipped: z.array(z.string()) }),
  },
  {
    method: 'GET',
    path: '/api/slides/{id}/live',
    module: 'public',
    access: 'annotation.read',
    summary: 'Changes of the annotations over a WebSocket',
    query: z.object({ after: z.coerce.bigint().min(0n).default(0n) }),
    status: 101,
    raw: 'websocket',
  },

  // The API's description and the viewer's files.
  {
    method: 'GET',
    path: '/openapi.json',
    module: 'public',
    access: 'user',
    summary: 'OpenAPI 3.1 of this API',
    answer: 'application/json',
  },
  { method: 'GET', path: '/', module: 'public', access: 'anyone', summary: 'The viewer', answer: 'text/html' },
  {
    method: 'GET',
    path: '/sign-in',
    module: 'public',
    access: 'anyone',
    summary: 'The sign-in page (the code follows #)',
    answer: 'text/html',
  },
  {
    method: 'GET',
    path: '/slides/{id}',
    module: 'public',
    access: 'anyone',
    summary: 'The viewer on one slide (its data still wants credentials)',
    answer: 'text/html',
  },
  {
    method: 'GET',
    path: '/assets/{file}',
    module: 'public',
    access: 'anyone',
    summary: "The viewer's scripts and styles",
    answer: 'text/javascript',
  },
]

/** Names a route: `GET /api/slides/{id}`. */
export const routeName = (route: Pick<RouteSpec, 'method' | 'path'>): string => `${route.method} ${route.path}`
