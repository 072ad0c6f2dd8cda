import { defineModule } from '@coverslip/platform/module.ts'
import { onAnnotationFile, onReleased } from './annotation-files.ts'
import { config } from './config.ts'
import { downloadOriginal } from './download.ts'
import { slides } from './migrations/001-slides.ts'
import { annotationFiles } from './migrations/003-annotation-files.ts'
import { objects, onDeleted, onReceived } from './received.ts'
import { createRpc } from './rpc.ts'
import type { Tables } from './store.ts'

export const deidentify = defineModule<Tables, typeof config, typeof objects>({
  name: 'deidentify',
  config,
  migrations: [slides, annotationFiles],
  objects,
  start: async deps => ({
    rpc: createRpc(deps),
    routes: { 'GET /api/slides/{id}/original': downloadOriginal(deps) },
    consumers: {
      'slides.received': onReceived(deps),
      'slides.annotation_received': onAnnotationFile(deps),
      'slides.deidentified': onReleased(deps),
      'slides.deleted': onDeleted(deps),
    },
  }),
})
