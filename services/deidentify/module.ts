import { defineModule } from '@coverslip/platform/module.ts'
import { onAnnotationFile, onReleased } from './annotation-files.ts'
import { config } from './config.ts'
import { migrations } from './migrations/index.ts'
import { forgetOldNames } from './naming/gone-name.ts'
import { downloadOriginal } from './original/download.ts'
import { objects, onDeleted, onReceived } from './received.ts'
import { showReport, showReportKey } from './report/show.ts'
import { reportKeysOf } from './report/signature.ts'
import { adoptFormerAudit } from './review/audit.ts'
import { finishRejections } from './review/deciding.ts'
import { recordSetting } from './review/gate.ts'
import { imageRoutes } from './review/images.ts'
import { createShelf } from './review/pictures/shelf.ts'
import { onRedactionWanted } from './review/redacting.ts'
import { releaseRoutes } from './review/releases.ts'
import { reviewRoutes } from './review/routes.ts'
import { createRpc } from './rpc.ts'
import type { Tables } from './store.ts'

export const deidentify = defineModule<Tables, typeof config, typeof objects>({
  name: 'deidentify',
  config,
  migrations,
  objects,
  async start(deps) {
    // A wrong key is a reason not to start.
    const { input } = await reportKeysOf(deps.config)
    const shelf = createShelf()
    await adoptFormerAudit(deps)
    await deps.db.transaction(trx => forgetOldNames(trx, input))
    await recordSetting(deps)
    await finishRejections(deps)
    return {
      rpc: createRpc(deps),
      routes: {
        'GET /api/slides/{id}/original': downloadOriginal(deps),
        'GET /api/slides/{id}/deidentification/page': showReport(deps),
        'GET /api/deidentification/key': showReportKey(deps),
        ...reviewRoutes(deps),
        ...imageRoutes(deps, shelf),
        ...releaseRoutes(deps),
      },
      consumers: {
        'slides.redaction_wanted': onRedactionWanted(deps),
        'slides.received': onReceived(deps),
        'slides.annotation_received': onAnnotationFile(deps),
        'slides.deidentified': onReleased(deps),
        'slides.deleted': onDeleted(deps),
      },
      stop: () => shelf.close(),
    }
  },
})
