/** What the viewer tells of how long people waited. No id and no address: a histogram is all that is made of it. */
import { z } from 'zod'
import type { RouteSpec } from './route.ts'
import { LONGEST_WAIT_MS, MOST_TIMINGS } from './timing-limits.ts'

export const timing = z.strictObject({
  /** Until the first screen of a slide is complete; until a screen is complete after the view came to rest. */
  what: z.enum(['first-view', 'viewport']),
  milliseconds: z.int().min(0).max(LONGEST_WAIT_MS),
  /** `left`: somebody moved on, or went away, before it was complete. */
  outcome: z.enum(['complete', 'left']),
  /** What the tiles were read from. */
  rendition: z.enum(['pyramid', 'original']),
})
export type Timing = z.infer<typeof timing>

export const timingsRoutes: readonly RouteSpec[] = [
  {
    method: 'POST',
    path: '/api/viewer-timings',
    module: 'public',
    access: 'user',
    summary: 'How long the viewer made somebody wait; kept as a histogram only',
    body: z.strictObject({ timings: z.array(timing).min(1).max(MOST_TIMINGS) }),
    status: 204,
  },
]
