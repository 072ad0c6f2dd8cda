/**
 * What spans and metrics may say: one allow-list, so that no patient data and no free text can get out by accident.
 */
import type { Attributes } from '@opentelemetry/api'

/** Everything that a span or a metric may say. Ids are random; routes and subjects are templates, never paths. */
export const ATTRIBUTES = [
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'rpc.service',
  'rpc.method',
  'rpc.grpc.status_code',
  'messaging.system',
  'messaging.operation.name',
  'messaging.destination.name',
  'messaging.message.id',
  'messaging.delivery_count',
  'error.type',
  'coverslip.service',
  'coverslip.slide.id',
  'coverslip.slide.revision',
  'coverslip.slide.format',
  'coverslip.stage',
  'coverslip.step',
  'coverslip.bytes',
  'coverslip.tile.level',
  'coverslip.cache',
  'coverslip.outcome',
  'coverslip.rendition',
  'coverslip.server',
] as const
export type AttributeName = (typeof ATTRIBUTES)[number]
export type SafeAttributes = Partial<Record<AttributeName, string | number | boolean>>

const ALLOWED: ReadonlySet<string> = new Set(ATTRIBUTES)

/** @throws Error for an attribute outside the list: a mistake of the programmer, found by any test that passes there. */
export function checked(attributes: SafeAttributes): Attributes {
  for (const name of Object.keys(attributes)) {
    if (!ALLOWED.has(name)) throw new Error(`attribute "${name}" is not on the allow-list of attributes.ts`)
  }
  return attributes
}
