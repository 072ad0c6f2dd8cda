/** How long people waited for pictures, as their viewers tell it. */
import { ServiceError } from '@coverslip/platform/errors.ts'
import type { HttpRoutes } from '@coverslip/platform/module.ts'
import type { Telemetry } from '@coverslip/platform/telemetry.ts'
import type { Timing } from '@coverslip/proto/api/timings.ts'
import { type Bucket, tokenBuckets } from './rate-limit.ts'

/** A viewer tells twice a minute, and when its page goes. */
const PER_USER: Bucket = { burst: 20, perSecond: 0.5 }
const IN_ALL: Bucket = { burst: 1000, perSecond: 200 }

const FIRST_VIEW = [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
const VIEWPORT = [0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 15]

/** @param now milliseconds of a monotonic clock */
export function timingRoutes(
  telemetry: Telemetry,
  now: () => number = () => performance.now(),
): NonNullable<HttpRoutes['routes']> {
  const own = tokenBuckets(PER_USER, now)
  const all = tokenBuckets(IN_ALL, now)
  const histograms = {
    'first-view': telemetry.histogram(
      'coverslip_viewer_first_view_seconds',
      'From asking for a slide to its first complete screen, in the browser',
      's',
      FIRST_VIEW,
    ),
    viewport: telemetry.histogram(
      'coverslip_viewer_viewport_seconds',
      'From the rest of the view to a complete screen, in the browser',
      's',
      VIEWPORT,
    ),
  }
  return {
    async 'POST /api/viewer-timings'(call) {
      const allowed = own(call.principal.userId) && all('')
      if (!allowed) throw new ServiceError('too-many', 'Timings come too often; they may be dropped')
      const { timings } = call.body as { timings: Timing[] }
      for (const { what, milliseconds, outcome, rendition } of timings) {
        const attributes = { 'coverslip.outcome': outcome, 'coverslip.rendition': rendition }
        histograms[what].record(milliseconds / 1000, attributes)
      }
      return { status: 204 }
    },
  }
}
