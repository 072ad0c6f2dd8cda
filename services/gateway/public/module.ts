import { defineModule } from '@coverslip/platform/module.ts'
import packageJson from '../package.json' with { type: 'json' }
import { accountRoutes } from './accounts.ts'
import { annotationRoutes } from './annotations.ts'
import { openClients } from './clients.ts'
import { config } from './config.ts'
import { openLive } from './live/routes.ts'
import { openApi } from './openapi.ts'
import { sessionRoutes } from './session.ts'
import { slideRoutes } from './slides.ts'
import { timingRoutes } from './timings.ts'
import { transferRoutes } from './transfer.ts'
import { viewerRoutes } from './viewer-files.ts'

/** The API and the viewer for everybody: it asks the services and decides nothing itself. */
export const publicGateway = defineModule<unknown, typeof config, Record<never, never>>({
  name: 'public',
  config,
  async start(deps) {
    const clients = openClients(deps)
    const live = openLive(deps, clients)
    const description = openApi(packageJson.version, deps.config.PUBLIC_URL)
    return {
      routes: {
        ...sessionRoutes(deps, clients),
        ...accountRoutes(deps, clients),
        ...slideRoutes(clients),
        ...annotationRoutes(clients),
        ...transferRoutes(clients, deps.config.IMPORT_MAX_BYTES),
        ...timingRoutes(deps.telemetry),
        ...viewerRoutes(deps.config.VIEWER_DIST),
        'GET /openapi.json': async () => ({ body: description }),
      },
      websockets: live.websockets,
      followers: live.followers,
      stop: async () => live.stop(),
    }
  },
})
