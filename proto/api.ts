/**
 * THE SURFACE: every HTTP route of every module, who may call it, and what it takes. Modules implement exactly the
 * routes listed for them (checked at start); the OpenAPI document, the front's routing and the test that walks every
 * route with wrong credentials derive from this table.
 */
import { accessRoutes } from './api/access.ts'
import { annotationsRoutes } from './api/annotations.ts'
import { costsRoutes } from './api/costs.ts'
import { dicomWebRoutes } from './api/dicomweb.ts'
import { intakeRoutes } from './api/intake.ts'
import { ledgerRoutes } from './api/ledger.ts'
import { overlayRoutes } from './api/overlays.ts'
import { pictureRoutes } from './api/pictures.ts'
import { processRoutes } from './api/process.ts'
import { releasesRoutes } from './api/releases.ts'
import { reviewsRoutes } from './api/reviews.ts'
import type { RouteSpec } from './api/route.ts'
import { slidesRoutes } from './api/slides.ts'
import { stageRoutes } from './api/stage.ts'
import { subjectsRoutes } from './api/subjects.ts'
import { tilesRoutes } from './api/tiles.ts'
import { timingsRoutes } from './api/timings.ts'
import { viewerRoutes } from './api/viewer.ts'

export { type Action, type RouteAccess, type RouteSpec, routeName } from './api/route.ts'
export {
  type IntakeSlide,
  intakeSlide,
  intakeState,
  type Problem,
  problem,
  role,
  type Slide,
  slide,
  slideState,
  type User,
  user,
  uuid,
} from './api/schemas.ts'

export const api: readonly RouteSpec[] = [
  ...processRoutes,
  ...accessRoutes,
  ...intakeRoutes,
  ...reviewsRoutes,
  ...releasesRoutes,
  ...subjectsRoutes,
  ...ledgerRoutes,
  ...slidesRoutes,
  ...tilesRoutes,
  ...pictureRoutes,
  ...overlayRoutes,
  ...dicomWebRoutes,
  ...stageRoutes,
  ...costsRoutes,
  ...annotationsRoutes,
  ...timingsRoutes,
  ...viewerRoutes,
]
