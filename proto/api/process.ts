/** The process itself; the platform answers these in every process. */
import type { RouteSpec } from './route.ts'

export const processRoutes: readonly RouteSpec[] = [
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
]
