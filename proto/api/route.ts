/** How a route is declared. */
import type { z } from 'zod'
import type { ServiceName } from '../services.ts'

/** What somebody wants to do to something of a project; see platform/auth/policy.ts for who may. */
export type Action =
  | 'slide.read'
  | 'slide.download'
  | 'slide.delete'
  | 'annotation.read'
  | 'annotation.write'
  | 'intake.read'
  | 'intake.write'
  | 'review.read'
  | 'review.decide'
  | 'subject.read'
  | 'subject.write'
  | 'subject.withdraw'
  | 'ledger.lookup'
  | 'rules.write'
  | 'user.invite'
  | 'user.list'
  | 'audit.read'
  | 'stage.manage'
  | 'costs.read'

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
  /**
   * Changes nothing whatever its method: pages of other web sites may ask it where the module's CORS names them, with a
   * token of their own (never with the cookie, which a browser sends along unasked).
   */
  readOnly?: true
  /** The module makes the spans itself: tiles samples, an upload is one trace over several requests. */
  ownSpans?: boolean
}

/** Names a route: `GET /api/slides/{id}`. */
export const routeName = (route: Pick<RouteSpec, 'method' | 'path'>): string => `${route.method} ${route.path}`
